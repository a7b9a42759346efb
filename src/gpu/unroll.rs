//! The unroller of shader texts. WGSL has neither arrays in registers nor loops that are certain to be unrolled, so
//! that the sums of a matrix product must be variables with names of their own. Two lines write them:
//!
//! ```text
//! #for j in 0..4
//! sum$j = fma(a$j, b, sum$j);
//! #end
//! ```
//!
//! gives the lines between once for each `j`, with the number in the place of `$j`. Loops may be nested, their
//! variables are single letters, and their bounds numbers or names of sizes; `$NAME` is the size of that name.
//! Lines between `#if NAME` and `#end` stand only where there is such a size and it is not 0.

/// Expands every loop and size of a text. A loop without its end runs to the end of the text.
pub fn unroll(text: &str, sizes: &[(&str, u32)]) -> String {
    let mut text = text.to_string();
    // Longer names first, so that none is taken for the beginning of another.
    let mut sorted = sizes.to_vec();
    sorted.sort_by_key(|(name, _)| std::cmp::Reverse(name.len()));
    for (name, value) in &sorted {
        text = text.replace(&format!("${name}"), &value.to_string());
    }
    let mut out = String::new();
    expand(&text.lines().collect::<Vec<_>>(), &sorted, &mut out);
    out
}

/// The variable and the bounds of a line that begins a loop, or a condition, which is a loop without a variable.
fn loop_of<'a>(line: &'a str, sizes: &[(&str, u32)]) -> Option<(&'a str, u32, u32)> {
    let size = |text: &str| sizes.iter().find(|(name, _)| *name == text.trim()).map(|(_, value)| *value);
    if let Some(name) = line.trim().strip_prefix("#if ") {
        return Some(("", 0, size(name).unwrap_or(0).min(1)));
    }
    let (variable, range) = line.trim().strip_prefix("#for ")?.split_once(" in ")?;
    let (first, end) = range.split_once("..")?;
    let number = |text: &str| size(text).or_else(|| text.trim().parse().ok());
    Some((variable, number(first)?, number(end)?))
}

fn expand(lines: &[&str], sizes: &[(&str, u32)], out: &mut String) {
    let mut at = 0;
    while at < lines.len() {
        let Some((variable, first, end)) = loop_of(lines[at], sizes) else {
            out.push_str(lines[at]);
            out.push('\n');
            at += 1;
            continue;
        };
        let mut depth = 1;
        let body = &lines[at + 1..];
        let length = body.iter().position(|line| {
            depth += usize::from(["#for ", "#if "].iter().any(|begin| line.trim().starts_with(begin)));
            depth -= usize::from(line.trim() == "#end");
            depth == 0
        });
        let length = length.unwrap_or(body.len());
        for value in first..end {
            let value = |line: &&str| match variable {
                "" => (*line).to_string(),
                _ => line.replace(&format!("${variable}"), &value.to_string()),
            };
            let written: Vec<String> = body[..length].iter().map(value).collect();
            expand(&written.iter().map(String::as_str).collect::<Vec<_>>(), sizes, out);
        }
        at += length + 2;
    }
}

#[cfg(test)]
mod tests {
    use super::unroll;

    #[test]
    fn loops_are_written_out_inner_ones_for_each_turn_of_the_outer() {
        let text = "a\n#for i in 0..2\nx$i\n  #for j in 1..N\ny$i$j\n  #end\n#end\nb";
        assert_eq!(unroll(text, &[("N", 3)]), "a\nx0\ny01\ny02\nx1\ny11\ny12\nb\n");
    }

    #[test]
    fn sizes_are_replaced_by_their_values_longer_names_first() {
        assert_eq!(unroll("$ROWS $ROW", &[("ROW", 1), ("ROWS", 2)]), "2 1\n");
    }

    #[test]
    fn conditions_keep_their_lines_where_their_size_is_there_and_not_0() {
        let text = "#if A\na\n#for i in 0..2\nx$i\n#end\n#end\n#if B\nb\n#end\n#if C\nc\n#end\nd";
        assert_eq!(unroll(text, &[("A", 1), ("B", 0)]), "a\nx0\nx1\nd\n");
    }

    #[test]
    fn a_text_without_loops_stays_as_it_is() {
        assert_eq!(unroll("let a = b;\n", &[]), "let a = b;\n");
    }
}
