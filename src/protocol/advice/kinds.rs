//! The candidates of an advice: what each copies, what learns, and at which rate.

use super::record::Kind;
use crate::nn::{NetDef, NnError};

impl Kind {
    /// The candidates for a net of which `most_n` blocks can be copied: scratch; every n frozen and fine-tuned; and, with
    /// all blocks copied and with about half of them, head first and at a lower rate.
    pub fn all(most_n: usize, lr_mult: f64) -> Vec<Self> {
        let each = 1..=most_n;
        let mut kinds = vec![Self::Scratch];
        kinds.extend(each.clone().map(|n| Self::Frozen { n }));
        kinds.extend(each.map(|n| Self::FineTuned { n }));
        let half = most_n.div_ceil(2);
        let some: Vec<usize> = if half < most_n { vec![half, most_n] } else { vec![most_n] };
        kinds.extend(some.iter().map(|&n| Self::HeadFirst { n }));
        kinds.extend(some.iter().map(|&n| Self::LowRate { n, lr_mult }));
        kinds
    }

    /// How many blocks are copied.
    pub const fn n(self) -> usize {
        match self {
            Self::Scratch => 0,
            Self::Frozen { n } | Self::FineTuned { n } | Self::HeadFirst { n } | Self::LowRate { n, .. } => n,
        }
    }

    /// Its name for people: `scratch`, `5`, `5+`, `5 head first`, `5 low rate`.
    pub fn label(self) -> String {
        match self {
            Self::Scratch => "scratch".to_string(),
            Self::Frozen { n } => n.to_string(),
            Self::FineTuned { n } => format!("{n}+"),
            Self::HeadFirst { n } => format!("{n} head first"),
            Self::LowRate { n, .. } => format!("{n} low rate"),
        }
    }

    /// Its name in files and data.
    pub fn name(self) -> String {
        match self {
            Self::Scratch => "scratch".into(),
            Self::Frozen { n } => format!("frozen-{n}"),
            Self::FineTuned { n } => format!("fine-tuned-{n}"),
            Self::HeadFirst { n } => format!("head-first-{n}"),
            Self::LowRate { n, .. } => format!("low-rate-{n}"),
        }
    }

    /// Whether its copied blocks never learn, so that their activations are computed once.
    pub const fn is_frozen(self) -> bool {
        matches!(self, Self::Frozen { .. })
    }

    /// The nets that are trained one after the other on equal shares of the schedule: one, or for head first two.
    ///
    /// # Errors
    /// An n that the net does not have.
    pub fn nets(self, net: &NetDef) -> Result<Vec<NetDef>, NnError> {
        let frozen = |n| {
            let mut def = net.clone();
            def.freeze(n).map(|()| def)
        };
        Ok(match self {
            Self::Scratch | Self::FineTuned { .. } => vec![net.clone()],
            Self::Frozen { n } => vec![frozen(n)?],
            Self::HeadFirst { n } => vec![frozen(n)?, net.clone()],
            Self::LowRate { n, lr_mult } => {
                let mut def = net.clone();
                let copied = def.prefix(n)?;
                for layer in def.layers.iter_mut().filter(|layer| copied.contains(&layer.name)) {
                    layer.lr_mult = layer.lr_mult.map(|rate| rate * lr_mult);
                }
                vec![def]
            }
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::nn::zoo;

    #[test]
    fn every_candidate_has_a_name_of_its_own_and_all_n_are_among_them() {
        let kinds = Kind::all(7, 0.1);
        let names: std::collections::BTreeSet<String> = kinds.iter().map(|kind| kind.name()).collect();
        assert_eq!((kinds.len(), names.len()), (19, 19));
        assert!((1..=7).all(|n| kinds.contains(&Kind::Frozen { n }) && kinds.contains(&Kind::FineTuned { n })));
        assert_eq!(Kind::all(1, 0.1).len(), 5);
    }

    #[test]
    fn what_learns_is_what_the_kind_says() {
        let net = zoo::find("alexnet28").unwrap();
        let learning = |kind: Kind| {
            let nets = kind.nets(&net).unwrap();
            nets.iter().map(|def| def.weighted().filter(|layer| layer.learns()).count()).collect::<Vec<_>>()
        };
        assert_eq!(learning(Kind::Scratch), [8]);
        assert_eq!(learning(Kind::Frozen { n: 3 }), [5]);
        assert_eq!(learning(Kind::FineTuned { n: 3 }), [8]);
        assert_eq!(learning(Kind::HeadFirst { n: 7 }), [1, 8]);
        let low = Kind::LowRate { n: 2, lr_mult: 0.1 }.nets(&net).unwrap();
        let rates: Vec<f64> = low[0].weighted().map(|layer| layer.lr_mult[0]).collect();
        assert_eq!(rates[..3], [0.1, 0.1, 1.0]);
        assert!(Kind::Frozen { n: 9 }.nets(&net).is_err());
    }
}
