//! A replication configuration as S3 answers it: read whole or not at all, and nothing in it passed over.
//!
//! What decides here knows nothing of the SDK, so its files are compiled without it. The SDK reads what they let through by
//! `xmlparser`; that is the second reader.

use quick_xml::Reader;
use quick_xml::events::Event;
use xmlparser::{ElementEnd, Token, Tokenizer};

#[path = "../../../crates/aws/src/s3/replication_xml.rs"]
mod replication_xml;

use crate::answer::shape::judge;
use replication_xml::{MODELLED, unmodelled};

const OPERATION: &str = "GetBucketReplication";
/// Each is answered with something else, or with less.
const OTHERS: [&str; 4] = [
    "GetBucketTagging",
    "GetBucketVersioning",
    "ListRoles",
    "Nothing",
];

/// Judges any bytes as the answer to a read of a replication configuration.
pub fn xml(data: &[u8]) {
    for other in OTHERS {
        let _ = judge(other, data);
    }
    let foreign = unmodelled(data);
    assert!(
        foreign.windows(2).all(|pair| pair[0] < pair[1]),
        "{foreign:?}"
    );
    assert!(
        foreign
            .iter()
            .all(|path| !MODELLED.contains(&path.as_str()))
    );
    if judge(OPERATION, data).is_err() {
        return;
    }
    assert!(
        !foreign.iter().any(|path| path.starts_with("(unreadable")),
        "whole, and yet {foreign:?}"
    );
    for other in OTHERS.iter().take(3) {
        assert!(
            judge(other, data).is_err(),
            "one document is two answers: {other}"
        );
    }
    a_cut_answer_is_not_whole(data);
    both_readers_see_the_same(data);
    // A byte order mark is not counted where the reader tells its place.
    let text = data.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(data);
    a_new_element_is_noticed(text, &foreign);
}

/// Whatever is missing at the end up to the last tag's first character.
fn a_cut_answer_is_not_whole(data: &[u8]) {
    let end = data
        .iter()
        .rposition(|byte| *byte == b'<')
        .unwrap_or_default();
    let cuts = [end, end * 3 / 4, end / 2, end / 3];
    for cut in cuts {
        // What follows the root may be a comment, and half of one is nothing that is read.
        let told = judge(OPERATION, &data[..cut]);
        assert!(
            told.is_err() || closes(&data[..cut]),
            "{}",
            String::from_utf8_lossy(&data[..cut])
        );
    }
}

/// Whether a text ends behind its root, by counting tags.
fn closes(text: &[u8]) -> bool {
    paths_of_sdk(text).is_ok_and(|(_, open)| open == 0)
}

/// What is whole here and well-formed there has the same elements here and there.
fn both_readers_see_the_same(data: &[u8]) {
    let Ok((theirs, open)) = paths_of_sdk(data) else {
        return;
    };
    assert_eq!(open, 0);
    assert_eq!(paths_of_ours(data), theirs);
    let unknown = theirs
        .iter()
        .filter(|path| !path.is_empty() && !MODELLED.contains(&path.as_str()));
    for path in unknown {
        let outermost = unmodelled(data);
        assert!(
            outermost
                .iter()
                .any(|found| path == found || path.starts_with(&format!("{found}/"))),
            "{path} in {outermost:?}"
        );
    }
}

/// The paths of all elements below the root, in order, and how many are open at the end.
fn paths_of_sdk(data: &[u8]) -> Result<(Vec<String>, usize), xmlparser::Error> {
    let text = std::str::from_utf8(data).unwrap_or("<");
    let (mut names, mut paths): (Vec<&str>, Vec<String>) = (Vec::new(), Vec::new());
    for token in Tokenizer::from(text) {
        match token? {
            Token::ElementStart { local, .. } => {
                names.push(local.as_str());
                paths.push(names[1..].join("/"));
            }
            Token::ElementEnd {
                end: ElementEnd::Close(..) | ElementEnd::Empty,
                ..
            } => drop(names.pop()),
            _ => {}
        }
    }
    Ok((paths, names.len()))
}

fn paths_of_ours(data: &[u8]) -> Vec<String> {
    let mut reader = Reader::from_reader(data);
    let (mut names, mut paths) = (Vec::<String>::new(), Vec::new());
    loop {
        let name = |name: &[u8]| String::from_utf8_lossy(name).into_owned();
        match reader.read_event().expect("it was read before") {
            Event::Start(start) => {
                names.push(name(start.local_name().as_ref()));
                paths.push(names[1..].join("/"));
            }
            Event::Empty(start) => {
                names.push(name(start.local_name().as_ref()));
                paths.push(names[1..].join("/"));
                names.pop();
            }
            Event::End(_) => drop(names.pop()),
            Event::Eof => return paths,
            _ => {}
        }
    }
}

/// An element that nobody knows, at the start of any element, is found; and the answer is as whole as before.
fn a_new_element_is_noticed(data: &[u8], foreign: &[String]) {
    let mut reader = Reader::from_reader(data);
    let mut places = Vec::new();
    loop {
        match reader.read_event().expect("it was read before") {
            Event::Start(_) => places.push(reader.buffer_position()),
            Event::Eof => break,
            _ => {}
        }
    }
    // A few of many are enough: another input has others.
    let step = places.len() / 8 + 1;
    for place in places.into_iter().step_by(step) {
        let place = usize::try_from(place).expect("it is in the text");
        let (before, after) = data.split_at(place);
        let more = [before, b"<Zz9><Deep/></Zz9>", after].concat();
        assert_eq!(judge(OPERATION, &more), Ok(()));
        let found = unmodelled(&more);
        assert!(
            foreign.iter().all(|path| found.contains(path)),
            "{foreign:?} {found:?}"
        );
        let inside = |path: &String| path.ends_with("/Zz9") || path == "Zz9";
        let hidden = foreign.iter().any(|outer| is_inside(data, place, outer));
        assert!(
            hidden || found.iter().any(inside),
            "{found:?}: {}",
            String::from_utf8_lossy(&more)
        );
    }
}

/// Whether a place is within an element of this path.
fn is_inside(data: &[u8], place: usize, outer: &str) -> bool {
    let mut reader = Reader::from_reader(data);
    let mut names: Vec<String> = Vec::new();
    loop {
        match reader.read_event().expect("it was read before") {
            Event::Start(start) => {
                names.push(String::from_utf8_lossy(start.local_name().as_ref()).into_owned());
            }
            Event::End(_) => drop(names.pop()),
            Event::Eof => return false,
            _ => {}
        }
        if usize::try_from(reader.buffer_position()).is_ok_and(|at| at >= place) {
            let path = names.get(1..).unwrap_or_default().join("/");
            return path == outer || path.starts_with(&format!("{outer}/"));
        }
    }
}
