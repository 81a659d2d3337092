//! Rust source as tokens: comments are gone, literals are no names, and what is under `#[cfg(test)]` can be left out.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::str::FromStr as _;

use proc_macro2::{Delimiter, Group, TokenStream, TokenTree};

use crate::repository;

/// What a source file names.
#[derive(Debug, Default)]
pub struct Names {
    /// Every identifier.
    pub words: BTreeSet<String>,
    /// Every path as written, with the branches of `use` trees one by one: `std::fs::File`.
    pub paths: BTreeSet<String>,
    /// Every macro that is called.
    pub macros: BTreeSet<String>,
}

/// Returns the files of a crate's `src`, without those that are modules of tests.
pub fn files_outside_tests(name: &str) -> Vec<PathBuf> {
    let source = PathBuf::from("crates").join(name).join("src");
    let mut files = repository::files_ending(".rs");
    files.retain(|file| file.starts_with(&source));
    let tests: Vec<PathBuf> = files.iter().flat_map(|file| test_modules(file)).collect();
    files.retain(|file| {
        !tests
            .iter()
            .any(|test| file.starts_with(test) || *file == test.with_extension("rs"))
    });
    files
}

/// Returns what a file names outside its tests.
pub fn names_outside_tests(file: &Path) -> Names {
    let mut names = Names::default();
    collect(
        &without_tests(parse(file)).into_iter().collect::<Vec<_>>(),
        &mut names,
    );
    names
}

/// Returns what a file names, tests included.
pub fn names(file: &Path) -> Names {
    let mut names = Names::default();
    collect(&parse(file).into_iter().collect::<Vec<_>>(), &mut names);
    names
}

fn parse(file: &Path) -> TokenStream {
    let text = repository::text(file).unwrap_or_default();
    TokenStream::from_str(&text).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The files, without their ending, that a file declares as `#[cfg(test)] mod name;`.
fn test_modules(file: &Path) -> Vec<PathBuf> {
    let tokens: Vec<TokenTree> = parse(file).into_iter().collect();
    let stem = file
        .file_stem()
        .and_then(|stem| stem.to_str())
        .unwrap_or_default();
    let parent = file.parent().unwrap_or(Path::new(""));
    let folder = match stem {
        "mod" | "lib" | "main" => parent.to_path_buf(),
        stem => parent.join(stem),
    };
    let declared = tokens.windows(5).filter_map(|window| match window {
        [hash, TokenTree::Group(attribute), first, name, end]
            if is(hash, '#') && is_cfg_test(attribute) && word(first) == "mod" && is(end, ';') =>
        {
            Some(folder.join(word(name)))
        }
        _ => None,
    });
    declared.collect()
}

/// Drops every item under `#[cfg(test)]`: what follows the attribute up to its `;` or its braces.
fn without_tests(stream: TokenStream) -> TokenStream {
    let mut kept = Vec::new();
    let mut tokens = stream.into_iter().peekable();
    while let Some(token) = tokens.next() {
        let test = is(&token, '#')
            && matches!(tokens.peek(), Some(TokenTree::Group(group)) if is_cfg_test(group));
        if test {
            let _item = tokens
                .by_ref()
                .take_while(|token| !ends_item(token))
                .count();
            continue;
        }
        kept.push(match token {
            TokenTree::Group(group) => {
                Group::new(group.delimiter(), without_tests(group.stream())).into()
            }
            other => other,
        });
    }
    kept.into_iter().collect()
}

fn ends_item(token: &TokenTree) -> bool {
    is(token, ';')
        || matches!(token, TokenTree::Group(group) if group.delimiter() == Delimiter::Brace)
}

fn is_cfg_test(attribute: &Group) -> bool {
    attribute.stream().to_string().replace(' ', "") == "cfg(test)"
}

fn is(token: &TokenTree, wanted: char) -> bool {
    matches!(token, TokenTree::Punct(punct) if punct.as_char() == wanted)
}

fn word(token: &TokenTree) -> String {
    match token {
        TokenTree::Ident(ident) => ident.to_string(),
        _ => String::new(),
    }
}

fn collect(tokens: &[TokenTree], names: &mut Names) {
    let mut at = 0;
    while let Some(token) = tokens.get(at) {
        match token {
            TokenTree::Ident(_) => at = path(tokens, at, "", names),
            TokenTree::Group(group) => {
                collect(&group.stream().into_iter().collect::<Vec<_>>(), names);
                at += 1;
            }
            TokenTree::Punct(_) | TokenTree::Literal(_) => at += 1,
        }
    }
}

/// Reads the path that begins at `at`, branches included, and returns where it ends.
fn path(tokens: &[TokenTree], mut at: usize, prefix: &str, names: &mut Names) -> usize {
    let mut path = prefix.to_owned();
    loop {
        let name = tokens.get(at).map(word).unwrap_or_default();
        names.words.insert(name.clone());
        path = if path.is_empty() {
            name.clone()
        } else {
            format!("{path}::{name}")
        };
        at += 1;
        if tokens.get(at).is_some_and(|token| is(token, '!')) {
            names.macros.insert(name);
        }
        if !continues(tokens, at) {
            names.paths.insert(path);
            return at;
        }
        at += 2;
        match tokens.get(at) {
            Some(TokenTree::Ident(_)) => {}
            Some(TokenTree::Group(group)) if group.delimiter() == Delimiter::Brace => {
                branches(group, &path, names);
                return at + 1;
            }
            _ => {
                names.paths.insert(path);
                return at;
            }
        }
    }
}

fn continues(tokens: &[TokenTree], at: usize) -> bool {
    tokens.get(at).is_some_and(|token| is(token, ':'))
        && tokens.get(at + 1).is_some_and(|token| is(token, ':'))
}

fn branches(group: &Group, prefix: &str, names: &mut Names) {
    names.paths.insert(prefix.to_owned());
    let tokens: Vec<TokenTree> = group.stream().into_iter().collect();
    for branch in tokens.split(|token| is(token, ',')) {
        if matches!(branch.first(), Some(TokenTree::Ident(_))) {
            path(branch, 0, prefix, names);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names_of(text: &str) -> Names {
        let mut names = Names::default();
        let stream = without_tests(TokenStream::from_str(text).unwrap());
        collect(&stream.into_iter().collect::<Vec<_>>(), &mut names);
        names
    }

    #[test]
    fn branches_of_a_use_tree_are_paths() {
        let names = names_of("use std::{fs::{self, File}, time::Instant};");
        for path in ["std::fs::self", "std::fs::File", "std::time::Instant"] {
            assert!(names.paths.contains(path), "{path} in {:?}", names.paths);
        }
    }

    #[test]
    fn comments_and_literals_name_nothing() {
        let names = names_of("/// std::fs\nconst A: &str = \"std::env\"; // tokio\n");
        assert!(!names.words.contains("std") && !names.words.contains("tokio"));
    }

    #[test]
    fn what_is_under_cfg_test_is_left_out() {
        let names = names_of(
            "#[cfg(test)] mod tests { use std::fs; } #[cfg(test)] use a::b; fn c() { println!(); }",
        );
        assert!(!names.words.contains("fs") && !names.words.contains("a"));
        assert!(names.words.contains("c") && names.macros.contains("println"));
    }

    #[test]
    fn paths_in_types_and_calls_are_seen() {
        let names =
            names_of("fn f(x: Vec<std::net::IpAddr>) { let y = Some(std::env::var(\"A\")); }");
        assert!(names.paths.contains("std::net::IpAddr") && names.paths.contains("std::env::var"));
    }
}
