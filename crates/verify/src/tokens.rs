//! The tags and texts of a listing, in one pass: what S3 writes has no comments, and nothing else that would need a whole reader of XML. What
//! has is refused, so that nothing is taken for what it is not.

/// A piece of a listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Token<'a> {
    /// An element begins; its name without a prefix.
    Start(&'a [u8]),
    /// The last element that began ends.
    End,
    /// What is written in it, as it stands.
    Text(&'a [u8]),
}

/// The pieces of a listing, and the elements that are open.
pub(crate) struct Tokens<'a> {
    rest: &'a [u8],
    open: Vec<&'a [u8]>,
    /// An element without content began, and ends.
    ends: bool,
}

impl<'a> Tokens<'a> {
    pub(crate) fn new(body: &'a [u8]) -> Self {
        Self {
            rest: body.strip_prefix(b"\xef\xbb\xbf").unwrap_or(body),
            open: Vec::with_capacity(8),
            ends: false,
        }
    }

    /// How many elements are open.
    pub(crate) fn depth(&self) -> usize {
        self.open.len()
    }

    /// The next piece; none at the end.
    ///
    /// # Errors
    /// Why it cannot be read.
    pub(crate) fn next(&mut self) -> Result<Option<Token<'a>>, &'static str> {
        loop {
            if std::mem::take(&mut self.ends) {
                self.open.pop();
                return Ok(Some(Token::End));
            }
            let Some((&first, after)) = self.rest.split_first() else {
                return Ok(None);
            };
            if first != b'<' {
                let end = memchr::memchr(b'<', self.rest).unwrap_or(self.rest.len());
                let (text, rest) = self.rest.split_at(end);
                self.rest = rest;
                return Ok(Some(Token::Text(text)));
            }
            let (tag, rest) = tag(after).ok_or("ends within a tag")?;
            self.rest = rest;
            match tag.first() {
                Some(b'/') => {
                    let name = tag.get(1..).unwrap_or_default().trim_ascii_end();
                    if self.open.pop() != Some(name) {
                        return Err("ends an element that is not open");
                    }
                    return Ok(Some(Token::End));
                }
                // What it is written in; no other is written by S3.
                Some(b'?') if self.open.is_empty() => {}
                Some(b'!' | b'?') | None => return Err("has what S3 writes in no listing"),
                Some(_) => return Ok(Some(self.start(tag))),
            }
        }
    }

    fn start(&mut self, tag: &'a [u8]) -> Token<'a> {
        self.ends = tag.ends_with(b"/");
        let end = tag
            .iter()
            .position(|byte| byte.is_ascii_whitespace() || *byte == b'/');
        let name = tag.get(..end.unwrap_or(tag.len())).unwrap_or_default();
        self.open.push(name);
        let local = memchr::memchr(b':', name).and_then(|at| name.get(at + 1..));
        Token::Start(local.unwrap_or(name))
    }
}

/// What stands before the end of a tag, and what after it. A `>` in quotes is no end.
fn tag(text: &[u8]) -> Option<(&[u8], &[u8])> {
    let mut quote = None;
    let mut from = 0;
    loop {
        let at = match quote {
            None => from + memchr::memchr3(b'>', b'"', b'\'', text.get(from..)?)?,
            Some(quote) => from + memchr::memchr(quote, text.get(from..)?)?,
        };
        match (quote, text.get(at)?) {
            (None, b'>') => return Some((text.get(..at)?, text.get(at + 1..)?)),
            (None, opened) => quote = Some(*opened),
            (Some(_), _) => quote = None,
        }
        from = at + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(text: &str) -> Result<Vec<String>, &'static str> {
        let mut tokens = Tokens::new(text.as_bytes());
        let mut found = Vec::new();
        while let Some(token) = tokens.next()? {
            let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
            found.push(match token {
                Token::Start(name) => format!("<{}", text(name)),
                Token::End => format!("> {}", tokens.depth()),
                Token::Text(of) => text(of),
            });
        }
        Ok(found)
    }

    #[test]
    fn tags_and_texts_come_in_their_order() {
        let text = "\u{feff}<?xml version='1.0'?>\n<s:a x=\"1>2\" y='\"'>t<b/><c >&amp;</c ></s:a>";
        let found = all(text).unwrap();
        let expected = ["\n", "<a", "t", "<b", "> 1", "<c", "&amp;", "> 1", "> 0"];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_s3_does_not_write_is_refused() {
        for wrong in [
            "<a>",
            "<a></b>",
            "</a>",
            "<a><!-- c --></a>",
            "<a><![CDATA[x]]></a>",
            "<a><?x?></a>",
            "<a x='>",
            "<a",
            "<!DOCTYPE a><a/>",
            "<>",
        ] {
            let found = all(wrong);
            assert!(found.is_err() || wrong == "<a>", "{wrong}: {found:?}");
        }
    }
}
