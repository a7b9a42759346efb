//! What a kernel is: a shader, an entry point, its bindings and its parameter struct.
//!
//! The declarations are plain data, so that a test can hold them against the shader's text without a GPU.

use super::unroll::{Sizes, unroll};

/// A WGSL file with the shared modules that stand in front of it.
#[derive(Debug)]
pub struct Shader {
    /// Its name: the stem, or the stem and the family of its kernels.
    pub name: &'static str,
    /// The operation's stem.
    pub stem: &'static str,
    /// Names and texts of the modules of `shaders/shared` in front of it, in this order.
    pub shared: &'static [(&'static str, &'static str)],
    /// The text of `shaders/STEM.wgsl`, or nothing where a shared module has the entry points.
    pub text: &'static str,
    /// The sizes that the text is written out for.
    pub sizes: Sizes,
}

impl Shader {
    /// The whole source: the shared modules, then the file, with the loops of the unroller written out.
    pub fn source(&self) -> String {
        let parts = self.shared.iter().map(|&(_, text)| text).chain([self.text]);
        unroll(&parts.collect::<Vec<_>>().join("\n"), self.sizes)
    }
}

/// How a kernel uses a binding.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// The dispatch's parameters.
    Uniform,
    /// What changes each step ([`super::StepValues`]).
    Step,
    /// A tensor that is read.
    Read,
    /// A tensor that is written, and never read before.
    Write,
    /// A tensor that is read and written.
    ReadWrite,
}

/// A field of a parameter struct. All fields take four bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Field {
    /// The name, the same in Rust and in WGSL.
    pub name: &'static str,
    /// The type in WGSL's words: `u32`, `i32` or `f32`.
    pub kind: &'static str,
    /// The offset in bytes.
    pub offset: usize,
}

/// The field table of a parameter struct.
#[derive(Clone, Copy, Debug)]
pub struct Table {
    /// The struct's name, the same in Rust and in WGSL.
    pub name: &'static str,
    /// Its size in bytes.
    pub size: usize,
    /// Its fields.
    pub fields: &'static [Field],
}

/// A parameter struct: plain old data, with its field table.
pub trait Parameters: bytemuck::Pod {
    /// The field table.
    const TABLE: Table;
}

/// One entry point. All its bindings are in group 0.
#[derive(Debug)]
pub struct Kernel {
    /// The shader.
    pub shader: &'static Shader,
    /// The entry point, which is also the operation's pass.
    pub entry: &'static str,
    /// Binding numbers and how they are used. A dispatch names its tensors in this order.
    pub bindings: &'static [(u32, Access)],
    /// The parameter struct.
    pub parameters: Table,
}

/// Declares a parameter struct together with its field table, so that the two cannot differ.
macro_rules! parameters {
    ($(#[$meta:meta])* $visibility:vis struct $name:ident { $($field:ident: $kind:ident),* $(,)? }) => {
        $(#[$meta])*
        #[repr(C)]
        #[derive(Clone, Copy, Debug, Default, bytemuck::Pod, bytemuck::Zeroable)]
        #[allow(missing_docs, reason = "the fields are explained where the shader declares them")]
        $visibility struct $name { $(pub $field: $kind),* }

        impl $crate::gpu::Parameters for $name {
            const TABLE: $crate::gpu::Table = $crate::gpu::Table {
                name: stringify!($name),
                size: std::mem::size_of::<$name>(),
                fields: &[$($crate::gpu::Field {
                    name: stringify!($field),
                    kind: stringify!($kind),
                    offset: std::mem::offset_of!($name, $field),
                }),*],
            };
        }
    };
}
pub(crate) use parameters;
