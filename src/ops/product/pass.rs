//! A pass of an operation as a product: what it binds, what its operands are, and what becomes of its sums.

use crate::gpu::{Access, Kernel, Module, Shader};
use std::sync::OnceLock;

/// What a product binds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Buffer {
    name: &'static str,
    pub(super) binding: u32,
    pub(super) access: Access,
}

impl Buffer {
    /// The input.
    pub const X: Self = Self { name: "x", binding: 1, access: Access::Read };
    /// The weights.
    pub const W: Self = Self { name: "w", binding: 2, access: Access::Read };
    /// The parts of a sum, for the kernel that adds them.
    pub const PARTS: Self = Self { name: "parts", binding: 2, access: Access::Read };
    /// The bias.
    pub const B: Self = Self { name: "b", binding: 3, access: Access::Read };
    /// Sums that an update starts from.
    pub const PARTIAL: Self = Self { name: "partial", binding: 3, access: Access::Read };
    /// The upstream gradient.
    pub const DY: Self = Self { name: "dy", binding: 4, access: Access::Read };
    /// What is written: y, dx, dw, or the weights that are updated.
    pub const RESULT: Self = Self { name: "result", binding: 5, access: Access::ReadWrite };
    /// The gradient of the bias.
    pub const DB: Self = Self { name: "db", binding: 6, access: Access::ReadWrite };
    /// The history of the weights that are updated.
    pub const HISTORY: Self = Self { name: "history", binding: 7, access: Access::ReadWrite };
    const STEP: Self = Self { name: "step", binding: 8, access: Access::Step };

    /// What stands for the open names of a module about a buffer.
    pub(super) fn names(&self) -> [(&'static str, &'static str); 3] {
        const BINDINGS: [&str; 9] = ["0", "1", "2", "3", "4", "5", "6", "7", "8"];
        let access = if self.access == Access::ReadWrite { "read_write" } else { "read" };
        [("buffer", self.name), ("binding", BINDINGS[self.binding as usize]), ("access", access)]
    }
}

/// An operand: where its numbers lie, as lines of vectors of four numbers side by side in memory.
#[derive(Clone, Debug)]
pub struct Operand {
    /// The module that says so.
    pub lines: Module,
    /// What it needs.
    pub needs: Option<Module>,
    /// The buffer that they are read from.
    pub buffer: Buffer,
    /// Whether the vectors lie along the depth, so that lines are rows or columns of the results; else across it.
    pub along: bool,
}

/// What becomes of the sums.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// y: the bias is added, and the rectifier follows.
    Output,
    /// dx: the mask of the rectifier that x came out of.
    InputGradient,
    /// dw and db.
    Keep,
    /// db, and an update of the weights.
    Update,
}

impl End {
    pub(super) fn module(self) -> Module {
        match self {
            End::Output => module!("product/output"),
            End::InputGradient => module!("product/input_gradient"),
            End::Keep => module!("product/keep"),
            End::Update => module!("product/update"),
        }
    }

    /// The modules that it needs.
    pub(super) fn needs(self) -> Vec<Module> {
        match self {
            End::Output | End::InputGradient => vec![module!("shared/rectifier")],
            End::Keep => vec![],
            End::Update => vec![module!("shared/step"), module!("shared/momentum")],
        }
    }

    /// Whether it is that of the weights' gradient, with which the bias's is summed, and whose depth is that of a
    /// batch.
    pub(super) fn of_weights(self) -> bool {
        matches!(self, End::Keep | End::Update)
    }

    /// What it reads or writes four numbers of at a place of the results.
    pub(super) fn places(self, continues: bool) -> Vec<Buffer> {
        match self {
            End::Output => vec![Buffer::RESULT],
            End::InputGradient => vec![Buffer::X, Buffer::RESULT],
            End::Keep => vec![Buffer::RESULT, Buffer::DB],
            End::Update if continues => vec![Buffer::PARTIAL, Buffer::RESULT, Buffer::DB, Buffer::HISTORY],
            End::Update => vec![Buffer::RESULT, Buffer::DB, Buffer::HISTORY],
        }
    }

    /// What it binds beside these.
    pub(super) fn others(self) -> Option<Buffer> {
        match self {
            End::Output => Some(Buffer::B),
            End::Update => Some(Buffer::STEP),
            End::InputGradient | End::Keep => None,
        }
    }
}

/// A pass of an operation.
#[derive(Debug)]
pub struct Pass {
    /// The operation's stem.
    pub stem: &'static str,
    /// The name, as `Operation::pass` says it.
    pub name: &'static str,
    /// The operand of the rows, and that of the columns.
    pub operands: [Operand; 2],
    /// What becomes of the sums.
    pub end: End,
    /// Whether a dispatch may continue the sums of an earlier one.
    pub continues: bool,
    /// Whether tiles may begin within four channels, so that their results are read and written one by one.
    pub unaligned: bool,
    /// Whether the columns are the channels of several pixels, each padded.
    pub folded: bool,
    /// Whether the kernel for processors takes the operands in the other order, because there may be few rows.
    pub transposed: bool,
    /// Whether its sums may be split.
    pub splits: bool,
    pub(super) shaders: OnceLock<Vec<Shader>>,
    pub(super) kernels: OnceLock<Vec<Kernel>>,
}

impl Pass {
    /// A pass in one dispatch, of aligned operands.
    pub const fn new(stem: &'static str, name: &'static str, operands: [Operand; 2], end: End) -> Self {
        Self {
            stem,
            name,
            operands,
            end,
            continues: false,
            unaligned: false,
            folded: false,
            transposed: false,
            splits: false,
            shaders: OnceLock::new(),
            kernels: OnceLock::new(),
        }
    }

    /// The same where a dispatch may continue the sums of an earlier one.
    pub const fn continuing(mut self) -> Self {
        self.continues = true;
        self
    }
    /// The same where four results may begin anywhere.
    pub const fn unaligned(mut self) -> Self {
        self.unaligned = true;
        self
    }
    /// The same where the columns are the channels of several pixels.
    pub const fn folded(mut self) -> Self {
        self.folded = true;
        self
    }
    /// The same where there may be few rows.
    pub const fn transposed(mut self) -> Self {
        self.transposed = true;
        self
    }
    /// The same where sums may be split.
    pub const fn splitting(mut self) -> Self {
        self.splits = true;
        self
    }
}
