//! What a file says of its layers and the net has otherwise: scores are those of the net.

use super::{ForeignFile, Geometry};
use crate::nn::{Kind, Layer, NetDef};

/// What the file says of its layers and the net has otherwise, in words. `layer_of` gives the net's layer of which a
/// tensor of the file is a parameter.
pub(super) fn differences<'a>(
    file: &ForeignFile,
    def: &'a NetDef,
    layer_of: impl Fn(&str) -> Option<&'a Layer>,
) -> Vec<String> {
    let mut notes = Vec::new();
    let mut lrns = def.layers.iter().filter(|layer| matches!(layer.kind, Kind::Lrn(_)));
    let mut pools = def.layers.iter().filter(|layer| matches!(layer.kind, Kind::MaxPool(_)));
    for said in &file.layers {
        match said {
            Geometry::BatchNorm { mean, eps } => {
                let Some(layer) = layer_of(mean) else { continue };
                let Kind::BatchNorm(norm) = &layer.kind else { continue };
                if *eps != norm.eps {
                    notes.push(format!(
                        "{}: the file's batch normalisation has eps {eps}; the net's has {}",
                        layer.name, norm.eps
                    ));
                }
            }
            Geometry::Conv { weight, stride, padding, dilation, groups } => {
                let Some(layer) = layer_of(weight) else { continue };
                let Kind::Conv2d(conv) = &layer.kind else { continue };
                let [top, left] = conv.padding;
                let there = (*stride, *padding, *dilation, *groups);
                let here = (conv.stride, [top, left, top, left], conv.dilation, conv.groups);
                if there != here {
                    notes.push(format!(
                        "{}: the file's convolution has {}; the net's has {}",
                        layer.name,
                        described(there),
                        described(here)
                    ));
                }
            }
            Geometry::Lrn { size, alpha, beta, k } => {
                let Some(layer) = lrns.next() else {
                    notes.push("the file normalises responses (LRN) where the net does not".into());
                    continue;
                };
                let Kind::Lrn(lrn) = &layer.kind else { continue };
                if (*size, *alpha, *beta, *k) != (lrn.size, lrn.alpha, lrn.beta, lrn.k) {
                    notes.push(format!(
                        "{}: the file's LRN has size {size}, alpha {alpha}, beta {beta}, k {k}; the net's has size \
                         {}, alpha {}, beta {}, k {}",
                        layer.name, lrn.size, lrn.alpha, lrn.beta, lrn.k
                    ));
                }
            }
            Geometry::MaxPool { kernel, stride, padding, ceil } => {
                let Some(layer) = pools.next() else { continue };
                let Kind::MaxPool(pool) = &layer.kind else { continue };
                let [top, left] = pool.padding;
                // Padding below and on the right alone is another way to round up.
                let rounds = *ceil || padding[2] > padding[0] || padding[3] > padding[1];
                let starts = [padding[0], padding[1]] == [top, left];
                if (*kernel, *stride, rounds) != (pool.kernel_size, pool.stride, pool.ceil_mode) || !starts {
                    let word = |up: bool| if up { "up" } else { "down" };
                    notes.push(format!(
                        "{}: the file's pooling has kernel {kernel:?}, stride {stride:?}, padding {padding:?} and \
                         rounds sizes {}; the net's has kernel {:?}, stride {:?}, padding {:?} and rounds {}",
                        layer.name,
                        word(rounds),
                        pool.kernel_size,
                        pool.stride,
                        pool.padding,
                        word(pool.ceil_mode)
                    ));
                }
            }
        }
    }
    let said = file.layers.iter().filter(|said| matches!(said, Geometry::Lrn { .. })).count();
    if !file.layers.is_empty() && said == 0 && lrns.next().is_some() {
        notes.push("the net normalises responses (LRN) where the file does not".into());
    }
    notes
}

fn described((stride, padding, dilation, groups): ([usize; 2], [usize; 4], [usize; 2], usize)) -> String {
    format!("stride {stride:?}, padding {padding:?} (top, left, bottom, right), dilation {dilation:?}, {groups} groups")
}
