//! CBOR (RFC 8949) as RPC v2 has it: times are numbers with the tag 1.

use std::convert::Infallible;

use minicbor::data::{IanaTag, Tag, Type};
use minicbor::{Decoder, Encoder, decode, encode};

use crate::wire::node::Node;

/// No document of AWS is nested deeper, and a reader must not follow one that is.
const DEEPEST: usize = 32;

/// Reads a document; null where it is none.
pub(crate) fn read(bytes: &[u8]) -> Node {
    if bytes.is_empty() {
        return Node::Map(Vec::new());
    }
    value(&mut Decoder::new(bytes), DEEPEST).unwrap_or(Node::Null)
}

type Read<T> = Result<T, decode::Error>;

fn value(decoder: &mut Decoder<'_>, depth: usize) -> Read<Node> {
    if depth == 0 {
        return Err(decode::Error::message("too deep"));
    }
    Ok(match decoder.datatype()? {
        Type::Bool => Node::Bool(decoder.bool()?),
        Type::Null | Type::Undefined => {
            decoder.skip()?;
            Node::Null
        }
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => {
            let number = decoder.u64()?;
            i64::try_from(number).map_or(Node::Float(number as f64), Node::Integer)
        }
        Type::I8 | Type::I16 | Type::I32 | Type::I64 | Type::Int => Node::Integer(decoder.i64()?),
        Type::F16 | Type::F32 | Type::F64 => Node::Float(decoder.f64()?),
        Type::String => Node::text(decoder.str()?),
        Type::StringIndef => {
            let pieces = decoder.str_iter()?.collect::<Read<Vec<_>>>()?;
            Node::Text(pieces.concat())
        }
        Type::Array | Type::ArrayIndef => Node::List(list(decoder, depth)?),
        Type::Map | Type::MapIndef => Node::Map(fields(decoder, depth)?),
        Type::Tag => tagged(decoder, depth)?,
        Type::Simple | Type::Bytes | Type::BytesIndef | Type::Break | Type::Unknown(_) => {
            return Err(decode::Error::message("no such value"));
        }
    })
}

/// Of the tags only that of times is used.
fn tagged(decoder: &mut Decoder<'_>, depth: usize) -> Read<Node> {
    let tag = decoder.tag()?;
    let value = value(decoder, depth - 1)?;
    match value.as_number() {
        Some(seconds) if tag == Tag::from(IanaTag::Timestamp) => Ok(Node::Time(seconds)),
        Some(_) | None => Err(decode::Error::message("no such tag")),
    }
}

fn list(decoder: &mut Decoder<'_>, depth: usize) -> Read<Vec<Node>> {
    let mut left = decoder.array()?;
    let mut items = Vec::new();
    while more(decoder, &mut left)? {
        items.push(value(decoder, depth - 1)?);
    }
    Ok(items)
}

fn fields(decoder: &mut Decoder<'_>, depth: usize) -> Read<Vec<(String, Node)>> {
    let mut left = decoder.map()?;
    let mut fields = Vec::new();
    while more(decoder, &mut left)? {
        let Node::Text(name) = value(decoder, depth - 1)? else {
            return Err(decode::Error::message("a name is no text"));
        };
        fields.push((name, value(decoder, depth - 1)?));
    }
    Ok(fields)
}

/// Says whether another item follows, of those that are counted or up to the break.
fn more(decoder: &mut Decoder<'_>, left: &mut Option<u64>) -> Read<bool> {
    match left {
        Some(0) => Ok(false),
        Some(left) => {
            *left -= 1;
            Ok(true)
        }
        None if decoder.datatype()? == Type::Break => decoder.skip().map(|()| false),
        None => Ok(true),
    }
}

/// Writes a document.
pub(crate) fn written(node: &Node) -> Vec<u8> {
    let mut encoder = Encoder::new(Vec::new());
    match write(&mut encoder, node) {
        Ok(()) => encoder.into_writer(),
        // A vector takes everything, and lengths fit.
        Err(_) => Vec::new(),
    }
}

fn write(encoder: &mut Encoder<Vec<u8>>, node: &Node) -> Result<(), encode::Error<Infallible>> {
    match node {
        Node::Null => encoder.null()?,
        Node::Bool(bool) => encoder.bool(*bool)?,
        Node::Integer(number) => encoder.i64(*number)?,
        Node::Float(number) => encoder.f64(*number)?,
        Node::Text(text) | Node::Raw(text) => encoder.str(text)?,
        Node::Time(seconds) => encoder.tag(IanaTag::Timestamp)?.f64(*seconds)?,
        Node::List(items) => {
            encoder.array(items.len() as u64)?;
            return items.iter().try_for_each(|item| write(encoder, item));
        }
        Node::Numbers(numbers) => {
            encoder.map(numbers.len() as u64)?;
            return numbers.iter().try_for_each(|(name, number)| {
                encoder.str(name)?.f64(*number)?;
                Ok(())
            });
        }
        Node::Map(fields) => {
            encoder.map(fields.len() as u64)?;
            return fields.iter().try_for_each(|(name, value)| {
                encoder.str(name)?;
                write(encoder, value)
            });
        }
    };
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_read_as_they_are_written() {
        let node = Node::map([
            ("Text", Node::text("ä")),
            ("Whole", Node::Integer(-7)),
            ("Number", Node::Float(0.5)),
            ("Time", Node::Time(1_767_225_600.25)),
            ("Flag", Node::Bool(true)),
            ("Nothing", Node::Null),
            ("List", Node::List(vec![Node::Integer(1), Node::map([])])),
        ]);
        assert_eq!(read(&written(&node)), node);
        assert_eq!(read(b""), Node::Map(Vec::new()));
    }

    /// The SDK for Rust writes maps and lists without their length.
    #[test]
    fn documents_of_no_told_length_are_read() {
        let bytes = b"\xbf\x61a\x9f\x01\xf9\x3c\x00\xff\x61b\x7f\x61x\x61y\xff\xff";
        let list = Node::List(vec![Node::Integer(1), Node::Float(1.0)]);
        let expected = Node::map([("a", list), ("b", Node::text("xy"))]);
        assert_eq!(read(bytes), expected);
    }

    #[test]
    fn what_is_no_document_is_null() {
        let deep = [0x81_u8; 100_000];
        for bytes in [
            &b"\xff"[..],
            b"\xa1\x01\x01",
            b"\xc2\x41\x01",
            b"\xbf\x61a",
            &deep,
        ] {
            assert_eq!(read(bytes), Node::Null, "{:?}", &bytes[..1]);
        }
    }
}
