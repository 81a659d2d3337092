//! The elements of an XML document, each by its path below the root: what is answered is judged by them.
//!
//! It knows nothing of the SDK, so that what rests on it is fuzzed without it.

use quick_xml::Reader;
use quick_xml::events::Event;

/// Why a text is no XML document.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoDocument {
    #[error("{0}")]
    Xml(#[from] quick_xml::Error),
    #[error("it ends too early")]
    Early,
    #[error("it is more than one document")]
    More,
}

/// Reads a document to its end, telling the path of each element below its root, in their order; gives the root's name.
pub(crate) fn walk(xml: &[u8], mut met: impl FnMut(&str)) -> Result<String, NoDocument> {
    let mut reader = Reader::from_reader(xml);
    let mut place = Place::default();
    let mut buffer = Vec::new();
    loop {
        match reader.read_event_into(&mut buffer)? {
            Event::Start(element) => place.enter(element.local_name().as_ref(), &mut met)?,
            Event::Empty(element) => {
                place.enter(element.local_name().as_ref(), &mut met)?;
                place.leave();
            }
            Event::End(_) => place.leave(),
            Event::Text(text) if place.outside() && !text.trim_ascii().is_empty() => {
                return Err(NoDocument::More);
            }
            Event::Eof if place.outside() => return place.root.ok_or(NoDocument::Early),
            Event::Eof => return Err(NoDocument::Early),
            Event::Text(_)
            | Event::CData(_)
            | Event::Comment(_)
            | Event::Decl(_)
            | Event::PI(_)
            | Event::DocType(_)
            | Event::GeneralRef(_) => {}
        }
        buffer.clear();
    }
}

/// Where a walk is: the path below the root, and where in it each open element begins.
#[derive(Default)]
struct Place {
    root: Option<String>,
    path: String,
    open: Vec<usize>,
}

impl Place {
    fn outside(&self) -> bool {
        self.open.is_empty()
    }

    fn enter(&mut self, name: &[u8], met: &mut impl FnMut(&str)) -> Result<(), NoDocument> {
        let name = String::from_utf8_lossy(name);
        self.open.push(self.path.len());
        if self.open.len() == 1 {
            // A document has one root.
            return match self.root.replace(name.into_owned()) {
                None => Ok(()),
                Some(_) => Err(NoDocument::More),
            };
        }
        if !self.path.is_empty() {
            self.path.push('/');
        }
        self.path.push_str(&name);
        met(&self.path);
        Ok(())
    }

    fn leave(&mut self) {
        self.path.truncate(self.open.pop().unwrap_or_default());
    }
}
