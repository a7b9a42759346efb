//! The shaders and kernels of a pass, composed of the modules of `shaders/product`: one for every way, one for
//! processors, and one that adds the parts of a sum.

use super::{
    parameters::ProductParameters,
    pass::{Buffer, End, Operand, Pass},
    way::{self, WAYS, Way},
};
use crate::gpu::{Access, Kernel, Module, Parameters, Recorder, Shader};

impl Pass {
    /// All its kernels: one for each of the ways, in their order, that for processors, and that which adds parts.
    pub fn kernels(&'static self) -> &'static [Kernel] {
        self.kernels.get_or_init(|| {
            let shaders = self.shaders.get_or_init(|| {
                let tiles = WAYS.iter().map(|way| self.tiled_shader(way));
                let sums = self.splits.then(|| self.sum_shader());
                tiles.chain([self.lanes_shader()]).chain(sums).collect()
            });
            let of_operands = [self.operands[0].buffer, self.operands[1].buffer];
            shaders
                .iter()
                .enumerate()
                .map(|(number, shader)| match number > WAYS.len() {
                    false => self.kernel(shader, &of_operands, self.continues),
                    true => self.kernel(shader, &[Buffer::PARTS], self.sum_continues()),
                })
                .collect()
        })
    }

    /// The kernel of a tile in the precision that is recorded.
    pub(super) fn tiled(&'static self, recorder: &Recorder<'_>, tile: usize) -> Option<&'static Kernel> {
        self.kernels().get(way::number(recorder, tile)?)
    }

    /// The kernel for processors.
    pub(super) fn lanes(&'static self) -> Option<&'static Kernel> {
        self.kernels().get(WAYS.len())
    }

    /// The kernel that adds the parts of a sum, if they may be split.
    pub(super) fn sum(&'static self) -> Option<&'static Kernel> {
        self.kernels().get(WAYS.len() + 1)
    }

    fn kernel(&self, shader: &'static Shader, read: &[Buffer], continues: bool) -> Kernel {
        let mut bindings = vec![(0, Access::Uniform)];
        let buffers = read.iter().copied().chain(self.end.places(continues)).chain(self.end.others());
        bindings.extend(buffers.map(|buffer| (buffer.binding, buffer.access)));
        bindings.sort_by_key(|(binding, _)| *binding);
        Kernel { shader, entry: "main", bindings: bindings.into(), parameters: ProductParameters::TABLE }
    }

    fn shader(&self, family: &str, modules: Vec<Module>, sizes: Vec<(&'static str, u32)>, continues: bool) -> Shader {
        let flags = [
            ("CONTINUES", continues),
            ("WEIGHTS", self.end.of_weights()),
            ("FOLDED", self.folded),
            // The depth of a batch ends anywhere, that of channels after a whole vector.
            ("TAIL", self.end.of_weights()),
        ];
        let sizes = flags.into_iter().map(|(name, is)| (name, u32::from(is))).chain(sizes).collect::<Vec<_>>();
        Shader {
            name: format!("{}_{}_{family}", self.stem, self.name).into(),
            stem: self.stem,
            modules: modules.into(),
            sizes: sizes.into(),
        }
    }

    /// What all shaders of the pass have: parameters, tasks, and the end with its way to memory.
    fn common(&self, fours: bool, continues: bool) -> Vec<Module> {
        let mut modules = vec![module!("shared/grid"), module!("product/parameters"), module!("product/task")];
        for buffer in self.end.places(continues) {
            let (read, write) = match fours {
                true => (module!("product/fours_read"), module!("product/fours_write")),
                false => (module!("product/ones_read"), module!("product/ones_write")),
            };
            modules.push(read.with(&buffer.names()));
            if buffer.access == Access::ReadWrite {
                modules.push(write.with(&buffer.names()));
            }
        }
        modules.extend(self.end.needs());
        modules.push(self.end.module());
        modules
    }

    fn tiled_shader(&self, way: &Way) -> Shader {
        let (head, slabs) = way.modules();
        let mut modules: Vec<Module> = head.into_iter().collect();
        modules.extend(self.common(!self.unaligned, self.continues));
        modules.extend(needs(&self.operands));
        let letters = ["a", "b"].into_iter().zip([("row", "rows"), ("column", "columns")]);
        for (operand, (letter, (side, sides))) in self.operands.iter().zip(letters) {
            // Where both operands lie along the depth, the first one holds where they are.
            let held = if self.operands[0].along { "a" } else { letter };
            let names = [("o", letter), ("side", side), ("sides", sides), ("held", held)];
            let fetch = match operand.along {
                true => module!("product/fetch_along"),
                false => module!("product/fetch_across"),
            };
            modules.push(operand.lines.clone().with(&names));
            modules.push(module!("product/fetch").with(&names).with(&operand.buffer.names()));
            modules.push(fetch.with(&names));
        }
        modules.extend([module!("product/tile"), slabs]);
        let mut sizes = way.sizes();
        sizes.extend([("HOLDS_a", 1), ("HOLDS_b", u32::from(!self.operands[0].along))]);
        self.shader(&way.name(), modules, sizes, self.continues)
    }

    fn lanes_shader(&self) -> Shader {
        let mut modules = self.common(true, self.continues);
        modules.extend(needs(&self.operands));
        let [rows, columns] = &self.operands;
        let (rows, columns) = ((rows, ("row", "rows")), (columns, ("column", "columns")));
        let [a, b] = if self.transposed { [columns, rows] } else { [rows, columns] };
        for ((operand, (side, sides)), (letter, groups)) in [a, b].into_iter().zip([("a", "2"), ("b", "1")]) {
            // Rows are needed along the depth, columns across it.
            let turned = if operand.along == (letter == "a") { "" } else { "transposed" };
            let names = [("o", letter), ("side", side), ("sides", sides), ("groups", groups), ("turned", turned)];
            let loads = match operand.along {
                true => module!("product/lanes_along"),
                false => module!("product/lanes_across"),
            };
            modules.push(operand.lines.clone().with(&names));
            modules.push(module!("product/lanes_read").with(&names).with(&operand.buffer.names()));
            modules.push(loads.with(&names));
        }
        modules.push(match self.transposed {
            true => module!("product/lanes_transposed"),
            false => module!("product/lanes_straight"),
        });
        modules.push(module!("product/lanes"));
        self.shader("lanes", modules, Vec::new(), self.continues)
    }

    fn sum_shader(&self) -> Shader {
        let mut modules = self.common(true, self.sum_continues());
        modules.push(module!("product/sum_parts"));
        self.shader("sum", modules, Vec::new(), self.sum_continues())
    }

    /// Whether a sum of parts is added to what is there.
    fn sum_continues(&self) -> bool {
        self.end == End::Keep
    }
}

fn needs(operands: &[Operand]) -> Option<Module> {
    operands.iter().find_map(|operand| operand.needs.clone())
}
