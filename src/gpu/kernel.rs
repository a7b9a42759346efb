//! What a kernel is: a shader, an entry point, its bindings and its parameter struct.
//!
//! The declarations are plain data, so that a test can hold them against the shader's text without a GPU.

use super::unroll::unroll;
use std::borrow::Cow;

/// A file of the `shaders` folder, with the names that it leaves open.
#[derive(Clone, Debug)]
pub struct Module {
    /// Its path in the folder, without the ending.
    pub name: &'static str,
    /// Its text.
    pub text: &'static str,
    /// What stands for each open name, `$operand` in the text.
    pub names: Cow<'static, [(&'static str, &'static str)]>,
}

impl Module {
    /// The text with its names filled in.
    fn source(&self) -> String {
        let text = self.text.to_string();
        // Longer names first, so that none is taken for the beginning of another.
        let mut names = self.names.to_vec();
        names.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
        names.iter().fold(text, |text, (name, value)| text.replace(&format!("${name}"), value))
    }

    /// The module with more names filled in.
    pub fn with(self, names: &[(&'static str, &'static str)]) -> Self {
        Self { names: [&self.names[..], names].concat().into(), ..self }
    }
}

/// A WGSL text of modules.
#[derive(Clone, Debug)]
pub struct Shader {
    /// Its name: the stem, for a product with its pass and the way in which it is computed.
    pub name: Cow<'static, str>,
    /// The operation's stem.
    pub stem: &'static str,
    /// Its modules in their order.
    pub modules: Cow<'static, [Module]>,
    /// Names and values of the sizes that it is written out for.
    pub sizes: Cow<'static, [(&'static str, u32)]>,
}

impl Shader {
    /// The whole source: the modules, with the loops of the unroller written out.
    pub fn source(&self) -> String {
        unroll(&self.modules.iter().map(Module::source).collect::<Vec<_>>().join("\n"), &self.sizes)
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
    /// The entry point.
    pub entry: &'static str,
    /// Binding numbers and how they are used. A dispatch names its tensors in this order.
    pub bindings: Cow<'static, [(u32, Access)]>,
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

#[cfg(test)]
mod tests {
    use super::{Cow, Module};

    #[test]
    fn open_names_are_filled_in_longer_ones_first() {
        let module = Module { name: "x", text: "$side of $sides, $other", names: Cow::Borrowed(&[("side", "row")]) };
        assert_eq!(module.with(&[("sides", "rows")]).source(), "row of rows, $other");
    }
}
