//! Blocks: what n counts. In the paper a block is a layer with weights and what follows it up to the next; a residual
//! block is one, too, however many layers it has.

use super::{
    Depends, Filler, Init, Layer, Mode, NetDef, NnError,
    def::INPUT,
    keys,
    layers::{Dense, LayerKind, Place},
};
use std::{collections::BTreeMap, ops::Range};

/// The scores on top of [`NetDef::below`]: no net file can have a layer of this name.
const SCORES: &str = ".scores";

/// A block of a net.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// Its name: that of its layer with weights or, where there are several, what their names have in common.
    pub name: String,
    /// The places of its layers.
    pub layers: Range<usize>,
    /// The layer whose output stands for the block where blocks are compared: the last one that has weights or adds,
    /// or the rectifier after it. Poolings and normalisations that follow are left out.
    pub features: String,
}

impl NetDef {
    /// The number of each layer's block, counted from 1.
    fn block_numbers(&self) -> Result<Vec<usize>, NnError> {
        let wrong = |layer: &Layer, number, expected: String| {
            let (net, layer) = (self.name.clone(), layer.name.clone());
            Err(NnError::Block { net, layer, number, expected })
        };
        let named = self.layers.iter().any(|layer| layer.block.is_some());
        let mut numbers = Vec::with_capacity(self.layers.len());
        let mut at = 0;
        for layer in &self.layers {
            match layer.block {
                None if named => {}
                None => at += usize::from(layer.has_params()),
                Some(number) if number > 0 && (number == at || number == at + 1) => at = number,
                Some(number) if at == 0 => return wrong(layer, number, "1, because blocks are counted from 1".into()),
                Some(number) => {
                    return wrong(layer, number, format!("{at} or {}, because blocks follow each other", at + 1));
                }
            }
            // What comes before the first layer with weights belongs to its block.
            numbers.push(at.max(1));
        }
        Ok(numbers)
    }

    /// The blocks, from the input up.
    ///
    /// # Errors
    /// Blocks that are not counted up from 1, are in several pieces or have no layer with weights.
    pub fn blocks(&self) -> Result<Vec<Block>, NnError> {
        let numbers = self.block_numbers()?;
        let mut blocks = Vec::new();
        for (at, number) in numbers.iter().enumerate() {
            if at > 0 && numbers[at - 1] == *number {
                continue;
            }
            let end = numbers[at..].iter().position(|other| other != number).map_or(numbers.len(), |more| at + more);
            blocks.push(self.block(*number, at..end)?);
        }
        let mut seen: BTreeMap<String, usize> = BTreeMap::new();
        blocks.iter().for_each(|block| *seen.entry(block.name.clone()).or_default() += 1);
        for (at, block) in blocks.iter_mut().enumerate() {
            if seen[&block.name] > 1 {
                block.name = format!("block{}", at + 1);
            }
        }
        Ok(blocks)
    }

    fn block(&self, number: usize, layers: Range<usize>) -> Result<Block, NnError> {
        let names: Vec<&str> =
            self.layers[layers.clone()].iter().filter(|l| l.has_params()).map(|l| l.name.as_str()).collect();
        if names.is_empty() {
            let layer = self.layers[layers.start].name.clone();
            let expected = "a block with a layer that has weights".into();
            return Err(NnError::Block { net: self.name.clone(), layer, number, expected });
        }
        let name = match &names[..] {
            [only] => (*only).to_string(),
            _ => common(&names).unwrap_or_else(|| format!("block{number}")),
        };
        let makes = |at: &usize| self.layers[*at].has_params() || self.layers[*at].kind.layer().inputs() > 1;
        let last = layers.clone().rev().find(makes).unwrap_or(layers.start);
        // A rectifier that follows, of whatever kind, belongs to what it rectifies.
        let rectifies =
            |kind: &dyn LayerKind| kind.place() == Place::InPlace && kind.depends_on(Mode::Training) == Depends::Image;
        let rectifier = layers.clone().find(|&at| {
            rectifies(self.layers[at].kind.layer()) && self.inputs_of(at) == [self.layers[last].name.as_str()]
        });
        let features = self.layers[rectifier.unwrap_or(last)].name.clone();
        Ok(Block { name, layers, features })
    }

    /// The largest n of the protocol: one less than the number of blocks; 0 where they are none.
    pub fn most_n(&self) -> usize {
        self.blocks().map_or(0, |blocks| blocks.len().saturating_sub(1))
    }

    /// Names of the layers with parameters in the first n blocks; n equal to all blocks is the restarted base.
    ///
    /// # Errors
    /// n outside 1..=[`Self::most_n`] plus one; those of [`Self::blocks`].
    pub fn prefix(&self, n: usize) -> Result<Vec<String>, NnError> {
        let blocks = self.blocks()?;
        let Some(block) = n.checked_sub(1).and_then(|at| blocks.get(at)) else {
            return Err(self.no_prefix(n, &blocks));
        };
        let layers = self.layers[..block.layers.end].iter().filter(|layer| layer.has_params());
        Ok(layers.map(|layer| layer.name.clone()).collect())
    }

    fn no_prefix(&self, n: usize, blocks: &[Block]) -> NnError {
        let names: Vec<&str> = blocks.iter().map(|block| block.name.as_str()).collect();
        let (net, most, blocks) = (self.name.clone(), names.len().saturating_sub(1), names.join(", "));
        NnError::Prefix { net, n, most, blocks }
    }

    /// Freezes the first n blocks.
    ///
    /// # Errors
    /// As [`Self::prefix`].
    pub fn freeze(&mut self, n: usize) -> Result<(), NnError> {
        let names = self.prefix(n)?;
        for layer in self.layers.iter_mut().filter(|layer| names.contains(&layer.name)) {
            layer.trainable = false;
        }
        Ok(())
    }

    /// The net of a linear probe: the first n blocks, frozen and without what draws random numbers, and directly on
    /// them the last layer.
    ///
    /// # Errors
    /// n outside 1..=[`Self::most_n`]; those of [`Self::blocks`].
    pub fn probe(mut self, n: usize) -> Result<Self, NnError> {
        let blocks = self.blocks()?;
        if n >= blocks.len() {
            return Err(self.no_prefix(n, &blocks));
        }
        self.freeze(n)?;
        for at in 0..self.layers.len() {
            self.layers[at].inputs = self.inputs_of(at).into_iter().map(String::from).collect();
        }
        let last = self.layers.pop();
        self.layers.truncate(blocks[n - 1].layers.end);
        // What reads a layer that goes reads what that has read.
        let mut instead: BTreeMap<String, String> = BTreeMap::new();
        for layer in &mut self.layers {
            let renamed = |name: &mut String| *name = instead.get(name).unwrap_or(name).clone();
            layer.inputs.iter_mut().for_each(renamed);
            if layer.kind.layer().depends_on(Mode::Training) == Depends::Random {
                instead.insert(layer.name.clone(), layer.inputs[0].clone());
            }
        }
        self.layers.retain(|layer| !instead.contains_key(&layer.name));
        let top = self.layers.last().map(|layer| layer.name.clone());
        // Where blocks are numbered, the scores would else belong to the last frozen one.
        let block = self.layers.iter().any(|layer| layer.block.is_some()).then_some(n + 1);
        self.layers.extend(last.map(|last| Layer { inputs: top.into_iter().collect(), block, ..last }));
        self.without_unread();
        Ok(self)
    }

    /// What a layer reads of an evaluation, as a net of its own: all layers that it depends on, frozen, under as many
    /// scores as the net has.
    /// Also the name of the layer that it reads; none where that is the net's input.
    ///
    /// # Errors
    /// No such layer; a net that does not end in class scores.
    pub(crate) fn below(mut self, layer: &str) -> Result<(Self, Option<String>), NnError> {
        let Some(place) = self.layers.iter().position(|other| other.name == layer) else {
            let nearest = keys::nearest(layer, self.layers.iter().map(|layer| layer.name.as_str())).into();
            return Err(NnError::UnknownLayer { net: self.name, layer: layer.into(), nearest });
        };
        for at in 0..=place {
            self.layers[at].inputs = self.inputs_of(at).into_iter().map(String::from).collect();
            self.layers[at].trainable = false;
            self.layers[at].block = None;
        }
        let (read, out_features) = (self.layers[place].inputs.clone(), self.classes()?);
        self.layers.truncate(place);
        let init = Some(Init { weight: Filler::He, bias: 0.0 });
        let scores =
            Layer { inputs: read.clone(), trainable: false, ..Layer::new(SCORES, Dense { out_features }, init) };
        self.layers.push(scores);
        self.without_unread();
        Ok((self, read.into_iter().find(|name| name != INPUT)))
    }

    /// Takes away what the last layer does not depend on.
    fn without_unread(&mut self) {
        let mut read: Vec<String> = self.layers.last().map(|layer| layer.name.clone()).into_iter().collect();
        let mut kept = Vec::new();
        for layer in std::mem::take(&mut self.layers).into_iter().rev() {
            if read.contains(&layer.name) {
                read.extend(layer.inputs.iter().cloned());
                kept.push(layer);
            }
        }
        kept.reverse();
        self.layers = kept;
    }
}

/// What names have in common in front of a dot; none where that is nothing.
fn common(names: &[&str]) -> Option<String> {
    let (first, others) = names.split_first()?;
    let parts: Vec<&str> = first.split('.').collect();
    let shared = |count: usize| {
        let start = format!("{}.", parts[..count].join("."));
        others.iter().all(|name| name.starts_with(&start))
    };
    (1..parts.len()).rev().find(|&count| shared(count)).map(|count| parts[..count].join("."))
}
