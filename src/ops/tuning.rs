//! Which tile is the fastest for each product, as measured on one adapter, and kept in a file.
//!
//! A tile decides how a product's results are divided among workgroups, and nothing of the order in which they are
//! summed: what is measured, lost or taken from another day never changes a bit.

use super::{
    Device, Executor, OpsError, Step, catalogue,
    product::{TILES, Tile, tiles},
    program::{Entry, Program, TapeName},
};
use crate::{
    gpu::{AdapterInfo, Gpu},
    host::{Precision, atomic, bounded, digest},
};
use serde::{Deserialize, Serialize};
use std::{
    collections::{BTreeMap, BTreeSet},
    path::Path,
    sync::Arc,
};

/// Products of one adapter at most: a study has some dozens.
const PRODUCTS: usize = 10_000;
/// How often each tile has its turn.
const ROUNDS: usize = 2;
/// What a tile must save of the time of the tile that the shape alone chooses, to be preferred: less is noise.
const WORTH: f64 = 0.02;

/// The tiles that are preferred on one adapter in one precision. A product that is not in it takes the tile that its
/// shape chooses.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tuning {
    /// The adapter with its driver and the precision, in words.
    adapter: String,
    /// The number of the tile of each product, by what [`super::Operation::product`] says of it.
    tiles: BTreeMap<String, usize>,
}

/// What was measured of one operation.
#[derive(Clone, Debug, Serialize)]
pub struct Measured {
    /// Its layer.
    pub layer: String,
    /// Its pass.
    pub pass: &'static str,
    /// Milliseconds with the tile that the shape alone chooses.
    pub untuned_milliseconds: f64,
    /// Milliseconds with each of the [`tiles`] of the precision.
    pub milliseconds: Vec<f64>,
    /// The tile that is preferred, where that is worth it.
    pub preferred: Option<Tile>,
}

impl Measured {
    /// Milliseconds with the tile that is taken from now on.
    pub fn taken_milliseconds(&self) -> f64 {
        let tile = TILES.iter().position(|&tile| Some(tile) == self.preferred);
        tile.map_or(self.untuned_milliseconds, |tile| self.milliseconds[tile])
    }
}

/// The adapter with its driver, and the precision where it is not `f32`.
fn words(adapter: &AdapterInfo, precision: Precision) -> String {
    if precision.is_f32() { adapter.to_string() } else { format!("{adapter} {}", precision.name()) }
}

impl Tuning {
    /// Nothing is preferred.
    pub fn none(adapter: &AdapterInfo, precision: Precision) -> Self {
        Self { adapter: words(adapter, precision), tiles: BTreeMap::new() }
    }

    /// The name of an adapter's file for a precision: another driver or other shaders have another one.
    pub fn file_name(adapter: &AdapterInfo, precision: Precision) -> String {
        let shaders: BTreeSet<String> = catalogue()
            .filter(|kernel| !kernel.shader.sizes.is_empty())
            .map(|kernel| digest::hex(kernel.shader.source().as_bytes()))
            .collect();
        let shaders: Vec<String> = shaders.into_iter().collect();
        let words = words(adapter, precision);
        format!("tiles-{}.toml", &digest::hex(format!("{words} {}", shaders.concat()).as_bytes())[..16])
    }

    /// Reads an adapter's file for a precision; nothing is preferred where there is none.
    ///
    /// # Errors
    /// [`OpsError::Tuning`]: it cannot be read, is damaged, or is that of another adapter or precision.
    pub fn read(path: &Path, adapter: &AdapterInfo, precision: Precision) -> Result<Self, OpsError> {
        let refused = |message: String| OpsError::Tuning { path: path.to_path_buf(), message };
        let text = match bounded::read_text(path, bounded::TEXT) {
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Self::none(adapter, precision)),
            other => other.map_err(|error| refused(error.to_string()))?,
        };
        let tuning = Self::parse(&text).map_err(refused)?;
        let expected = words(adapter, precision);
        match tuning.adapter == expected {
            true => Ok(tuning),
            false => Err(refused(format!("is of another adapter, {:?} instead of {expected:?}", tuning.adapter))),
        }
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    /// What is wrong with it, in words.
    pub fn parse(text: &str) -> Result<Self, String> {
        let tuning: Self = toml::from_str(text).map_err(|error| error.message().to_string())?;
        if tuning.tiles.len() > PRODUCTS {
            return Err(format!("has {} products, above the limit of {PRODUCTS}", tuning.tiles.len()));
        }
        match tuning.tiles.iter().find(|(_, tile)| **tile >= TILES.len()) {
            Some((product, tile)) => {
                Err(format!("{product:?} has tile {tile}; the tiles are numbered from 0 to {}", TILES.len() - 1))
            }
            None => Ok(tuning),
        }
    }

    /// Writes the file, whole or not at all, and makes the folder that it lies in.
    ///
    /// # Errors
    /// [`OpsError::TuningKept`] with what the operating system says.
    pub fn write(&self, path: &Path) -> Result<(), OpsError> {
        let refused = |message: String| OpsError::TuningKept { path: path.to_path_buf(), message };
        let text = toml::to_string(self).map_err(|error| refused(error.to_string()))?;
        if let Some(folder) = path.parent() {
            std::fs::create_dir_all(folder).map_err(|error| refused(error.to_string()))?;
        }
        atomic::write(path, text.as_bytes()).map_err(|error| refused(error.to_string()))
    }

    /// Lets an opened device take the tiles for all programs that are loaded from now on.
    pub fn apply(&self, gpu: &Gpu) {
        gpu.prefer(self.tiles.clone());
    }

    /// Times the products of one tape with every tile of the program's precision, each as the least of two medians of
    /// some steps, and prefers the fastest. `prepare` gives a loaded program its numbers.
    ///
    /// # Errors
    /// Those of loading and running; [`OpsError::NoTimestamps`] where the adapter's clock cannot be read.
    pub fn measure<E: From<OpsError>>(
        &mut self,
        gpu: &Arc<Gpu>,
        program: &Arc<Program>,
        (tape, steps, step): (impl TapeName, u32, &Step),
        prepare: impl Fn(&mut Executor) -> Result<(), E>,
    ) -> Result<Vec<Measured>, E> {
        let time = |tile: Option<usize>| -> Result<Vec<f64>, E> {
            let gpu = gpu.again(|limits| limits.tile = tile).map_err(OpsError::from)?;
            let mut executor = Executor::load(&Device::Gpu(gpu), Arc::clone(program))?;
            prepare(&mut executor)?;
            let seconds = executor.time(tape, steps, |_| *step)?;
            Ok(seconds.into_iter().map(|seconds| 1e3 * seconds).collect())
        };
        // Every way has its turn in every round, so that a disturbance does not meet one of them alone.
        let ways: Vec<Option<usize>> = std::iter::once(None).chain((0..tiles(program.precision)).map(Some)).collect();
        let mut least = vec![vec![f64::INFINITY; program.tape(tape).len()]; ways.len()];
        for way in (0..ROUNDS).flat_map(|_| 0..ways.len()) {
            let milliseconds = time(ways[way])?;
            least[way].iter_mut().zip(milliseconds).for_each(|(least, ms)| *least = least.min(ms));
        }
        // Two layers of one shape have one product, and with it the least of what was measured of both.
        let mut products: BTreeMap<String, Vec<f64>> = BTreeMap::new();
        for (i, product) in program.tape(tape).iter().map(|entry| entry.op.product()).enumerate() {
            let Some(product) = product else { continue };
            let of_product = products.entry(product).or_insert_with(|| vec![f64::INFINITY; ways.len()]);
            of_product.iter_mut().zip(&least).for_each(|(own, way)| *own = own.min(way[i]));
        }
        let mut rows = Vec::new();
        for Entry { layer, op } in program.tape(tape) {
            let Some((product, least)) = op.product().and_then(|product| products.get_key_value(&product)) else {
                continue;
            };
            let (untuned_milliseconds, milliseconds) = (least[0], least[1..].to_vec());
            let best = fastest(untuned_milliseconds, &milliseconds);
            match best {
                Some(tile) => self.tiles.insert(product.clone(), tile),
                None => self.tiles.remove(product),
            };
            rows.push(Measured {
                layer: layer.clone(),
                pass: op.pass(),
                untuned_milliseconds,
                milliseconds,
                preferred: best.map(|tile| TILES[tile]),
            });
        }
        Ok(rows)
    }
}

/// The tile that is the fastest by more than noise.
fn fastest(untuned: f64, with: &[f64]) -> Option<usize> {
    let best = (0..with.len()).min_by(|&a, &b| with[a].total_cmp(&with[b]));
    best.filter(|&tile| with[tile] < (1.0 - WORTH) * untuned)
}

#[cfg(test)]
mod tests {
    use super::{Tuning, fastest};

    #[test]
    fn a_tile_is_preferred_where_it_saves_more_than_noise() {
        assert_eq!(fastest(10.0, &[10.1, 9.0, 8.0]), Some(2));
        assert_eq!(fastest(10.0, &[9.9, 10.0, 11.0]), None);
        assert_eq!(fastest(0.0, &[0.0, 0.0, 0.0]), None);
    }

    #[test]
    fn a_file_that_is_damaged_is_refused_with_what_is_wrong() {
        let wrong = |text: &str| Tuning::parse(text).unwrap_err();
        assert!(
            wrong("adapter = \"x\"\n[tiles]\n\"dense\" = 12\n")
                .contains("tile 12; the tiles are numbered from 0 to 11")
        );
        assert!(wrong("adapter = \"x\"").contains("tiles"));
        assert!(wrong("adapter = \"x\"\ncolour = 1\n[tiles]\n").contains("colour"));
        let many: String = (0..10_001).map(|i| format!("p{i} = 0\n")).collect();
        assert!(wrong(&format!("adapter = \"x\"\n[tiles]\n{many}")).contains("above the limit of 10000"));
    }
}
