//! `s3ferry explain`: what a code means, what it would lead to, and what to do about it.

use super::Ended;
use crate::args::Explain;
use crate::codes::{self, Code};
use crate::exit::Exit;
use crate::printer::Printer;

/// Where the texts begin.
const MARGIN: usize = 10;

pub(crate) fn run(printer: &Printer, args: &Explain) -> Ended {
    let codes = codes::all();
    let Some(asked) = &args.code else {
        printer.data(&list(&codes, printer.width))?;
        return Ok(Exit::Done);
    };
    let found: Vec<&Code> = codes.iter().filter(|code| code.code == asked).collect();
    if found.is_empty() {
        let known: Vec<&str> = codes.iter().map(|code| code.code).collect();
        return Err(unknown(printer, asked, &known));
    }
    let explained: Vec<String> = found
        .into_iter()
        .map(|code| explained(code, printer.width))
        .collect();
    printer.data(&explained.join("\n"))?;
    Ok(Exit::Done)
}

fn explained(code: &Code, width: usize) -> String {
    let parts = [
        ("Cause", &code.cause),
        ("Danger", &code.danger),
        ("Fix", &code.fix),
    ];
    let parts = parts.into_iter().filter(|(_, text)| !text.is_empty());
    let lines = parts.map(|(name, text)| {
        let indent = " ".repeat(MARGIN);
        let text = wrapped(text, width.saturating_sub(MARGIN)).join(&format!("\n{indent}"));
        format!("  {name:<8}{text}\n")
    });
    format!(
        "{} ({})\n\n{}",
        code.code,
        code.kind,
        lines.collect::<String>()
    )
}

/// A line for each code.
fn list(codes: &[Code], width: usize) -> String {
    let longest = codes.iter().map(|code| code.code.len()).max().unwrap_or(0);
    let line = |code: &Code| {
        let start = format!("{:<longest$}  ", code.code);
        let room = width.saturating_sub(start.len());
        let words = wrapped(&code.cause, room.saturating_sub(3));
        let more = if words.len() > 1 { "..." } else { "" };
        let first = words.into_iter().next().unwrap_or_default();
        format!("{start}{first}{more}\n")
    };
    codes.iter().map(line).collect()
}

fn wrapped(text: &str, width: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        match lines.last_mut() {
            Some(line) if line.chars().count() + 1 + word.chars().count() <= width => {
                line.push(' ');
                line.push_str(word);
            }
            Some(_) | None => lines.push(word.to_owned()),
        }
    }
    lines
}

fn unknown(printer: &Printer, asked: &str, known: &[&str]) -> Exit {
    let mut near: Vec<&str> = s3ferry_spec::nearest(asked, known.iter().copied())
        .into_iter()
        .collect();
    let first_word = asked.split('-').next().unwrap_or(asked);
    let shares =
        |code: &&&str| !first_word.is_empty() && code.split('-').any(|word| word == first_word);
    near.extend(known.iter().filter(shares).copied());
    near.dedup();
    let hint = if near.is_empty() {
        "s3ferry explain, without a code, lists all of them".to_owned()
    } else {
        format!("is it {}?", near.join(", "))
    };
    printer.error(&format!("no code is called {asked:?}"), Some(&hint));
    Exit::Usage
}
