//! Additional checksums: what the caller sent is verified, what it left out is added.
//!
//! Full-object values of a multipart upload are computed over all bytes; composite ones over the
//! parts' values, with the number of parts behind a dash (BC:s3 ChecksumType).

use bytes::Bytes;
use s3s::S3Result;
use s3s::crypto::{Crc32, Crc32c, Crc64Nvme, Md5, Sha1, Sha256};
use sha2::Digest as _;
use xxhash_rust::xxh3::{xxh3_64, xxh3_128};
use xxhash_rust::xxh64::xxh64;

use super::errors::{fault, invalid_request};
use crate::texts::Compact;

/// The algorithms this sandbox computes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Algorithm {
    Crc32,
    Crc32c,
    Crc64Nvme,
    Sha1,
    Sha256,
    Sha512,
    Md5,
    XxHash64,
    XxHash3,
    XxHash128,
}

/// Every algorithm, for walks over headers.
pub(crate) const ALGORITHMS: [Algorithm; 10] = [
    Algorithm::Crc32,
    Algorithm::Crc32c,
    Algorithm::Crc64Nvme,
    Algorithm::Sha1,
    Algorithm::Sha256,
    Algorithm::Sha512,
    Algorithm::Md5,
    Algorithm::XxHash64,
    Algorithm::XxHash3,
    Algorithm::XxHash128,
];

impl Algorithm {
    /// As the API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::Crc32 => "CRC32",
            Self::Crc32c => "CRC32C",
            Self::Crc64Nvme => "CRC64NVME",
            Self::Sha1 => "SHA1",
            Self::Sha256 => "SHA256",
            Self::Sha512 => "SHA512",
            Self::Md5 => "MD5",
            Self::XxHash64 => "XXHASH64",
            Self::XxHash3 => "XXHASH3",
            Self::XxHash128 => "XXHASH128",
        }
    }

    /// The header that carries a value of this algorithm.
    pub(crate) fn header(self) -> &'static str {
        match self {
            Self::Crc32 => "x-amz-checksum-crc32",
            Self::Crc32c => "x-amz-checksum-crc32c",
            Self::Crc64Nvme => "x-amz-checksum-crc64nvme",
            Self::Sha1 => "x-amz-checksum-sha1",
            Self::Sha256 => "x-amz-checksum-sha256",
            Self::Sha512 => "x-amz-checksum-sha512",
            Self::Md5 => "x-amz-checksum-md5",
            Self::XxHash64 => "x-amz-checksum-xxhash64",
            Self::XxHash3 => "x-amz-checksum-xxhash3",
            Self::XxHash128 => "x-amz-checksum-xxhash128",
        }
    }

    /// Reads the API's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        ALGORITHMS
            .into_iter()
            .find(|algorithm| algorithm.as_str().eq_ignore_ascii_case(name))
    }

    /// Says which kind of value a multipart upload gets when the caller names none.
    pub(crate) fn default_type(self) -> Type {
        match self {
            Self::Crc64Nvme => Type::FullObject,
            Self::Crc32
            | Self::Crc32c
            | Self::Sha1
            | Self::Sha256
            | Self::Sha512
            | Self::Md5
            | Self::XxHash64
            | Self::XxHash3
            | Self::XxHash128 => Type::Composite,
        }
    }

    fn raw(self, pieces: &[Bytes]) -> Vec<u8> {
        match self {
            Self::Crc32 => digest::<Crc32>(pieces),
            Self::Crc32c => digest::<Crc32c>(pieces),
            Self::Crc64Nvme => digest::<Crc64Nvme>(pieces),
            Self::Sha1 => digest::<Sha1>(pieces),
            Self::Sha256 => digest::<Sha256>(pieces),
            Self::Sha512 => {
                let mut hasher = sha2::Sha512::new();
                for piece in pieces {
                    hasher.update(piece);
                }
                hasher.finalize().to_vec()
            }
            Self::Md5 => digest::<Md5>(pieces),
            // The seed 0 and the canonical order of the bytes are unverified.
            Self::XxHash64 => xxh64(&pieces.concat(), 0).to_be_bytes().to_vec(),
            Self::XxHash3 => xxh3_64(&pieces.concat()).to_be_bytes().to_vec(),
            Self::XxHash128 => xxh3_128(&pieces.concat()).to_be_bytes().to_vec(),
        }
    }

    /// Computes the base64 value over the pieces.
    pub(crate) fn compute(self, pieces: &[Bytes]) -> String {
        base64_encode(&self.raw(pieces))
    }
}

fn digest<C: s3s::crypto::Checksum>(pieces: &[Bytes]) -> Vec<u8> {
    let mut hasher = C::new();
    for piece in pieces {
        hasher.update(piece);
    }
    hasher.finalize().as_ref().to_vec()
}

/// Computes the MD5 over the pieces.
pub(crate) fn md5(pieces: &[Bytes]) -> Vec<u8> {
    digest::<Md5>(pieces)
}

/// Whether a value covers the object's bytes or its parts' values.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Type {
    FullObject,
    Composite,
}

impl Type {
    /// As the API writes it.
    pub(crate) fn as_str(self) -> &'static str {
        match self {
            Self::FullObject => "FULL_OBJECT",
            Self::Composite => "COMPOSITE",
        }
    }

    /// Reads the API's name.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        [Self::FullObject, Self::Composite]
            .into_iter()
            .find(|kind| kind.as_str() == name)
    }
}

/// A stored checksum.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Checksum {
    pub(crate) algorithm: Algorithm,
    pub(crate) kind: Type,
    /// Base64, with `-N` where composite.
    pub(crate) value: Compact,
}

/// Verifies what the caller sent; without a value, computes `wanted`, else CRC64NVME, which S3
/// adds by itself (BC:s3 Checksum.ChecksumCRC64NVME).
pub(crate) fn settle(
    sent: Option<(Algorithm, String)>,
    wanted: Option<Algorithm>,
    pieces: &[Bytes],
) -> S3Result<Checksum> {
    let algorithm = sent.as_ref().map(|(algorithm, _)| *algorithm).or(wanted);
    let algorithm = algorithm.unwrap_or(Algorithm::Crc64Nvme);
    let value = algorithm.compute(pieces);
    match sent {
        Some((_, claimed)) if claimed != value => Err(bad_digest(algorithm)),
        _ => Ok(Checksum {
            algorithm,
            kind: Type::FullObject,
            value: value.into(),
        }),
    }
}

fn bad_digest(algorithm: Algorithm) -> s3s::S3Error {
    let name = algorithm.as_str();
    let text = format!("The {name} you specified did not match the calculated checksum.");
    fault(400, "BadDigest", text)
}

/// Verifies a Content-MD5 header.
pub(crate) fn verify_md5(claimed: Option<&str>, md5: &[u8]) -> S3Result<()> {
    let Some(claimed) = claimed else {
        return Ok(());
    };
    match base64_decode(claimed) {
        Some(digest) if digest.len() != 16 => Err(invalid_digest()),
        None => Err(invalid_digest()),
        Some(digest) if digest != md5 => Err(fault(
            400,
            "BadDigest",
            "The Content-MD5 you specified did not match what we received.",
        )),
        Some(_) => Ok(()),
    }
}

fn invalid_digest() -> s3s::S3Error {
    fault(
        400,
        "InvalidDigest",
        "The Content-MD5 you specified was invalid.",
    )
}

/// Computes the checksum of a finished multipart upload.
pub(crate) fn of_parts(
    algorithm: Algorithm,
    kind: Type,
    bodies: &[Bytes],
    part_values: &[&str],
) -> S3Result<Checksum> {
    let value = match kind {
        Type::FullObject => algorithm.compute(bodies),
        Type::Composite => {
            let decode = |value: &&str| base64_decode(value).map(Bytes::from);
            let raw: Option<Vec<Bytes>> = part_values.iter().map(decode).collect();
            let raw = raw.ok_or_else(|| invalid_request("A part's checksum is not base64."))?;
            format!("{}-{}", algorithm.compute(&raw), part_values.len())
        }
    };
    Ok(Checksum {
        algorithm,
        kind,
        value: value.into(),
    })
}

/// Computes the checksum of bytes at hand.
pub(crate) fn of_pieces(algorithm: Algorithm, kind: Type, pieces: &[Bytes]) -> Checksum {
    Checksum {
        algorithm,
        kind,
        value: algorithm.compute(pieces).into(),
    }
}

/// Encodes as standard base64.
pub(crate) fn base64_encode(bytes: &[u8]) -> String {
    base64_simd::STANDARD.encode_to_string(bytes)
}

/// Decodes standard base64.
pub(crate) fn base64_decode(text: &str) -> Option<Vec<u8>> {
    base64_simd::STANDARD.decode_to_vec(text).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The check values of the CRC catalogue and of RFC 3174 / FIPS 180-2.
    #[test]
    fn known_values_are_computed() {
        let nine = [Bytes::from("12345"), Bytes::from("6789")];
        assert_eq!(hex::encode(Algorithm::Crc32.raw(&nine)), "cbf43926");
        assert_eq!(hex::encode(Algorithm::Crc32c.raw(&nine)), "e3069283");
        assert_eq!(
            hex::encode(Algorithm::Crc64Nvme.raw(&nine)),
            "ae8b14860a799888"
        );
        let abc = [Bytes::from("abc")];
        assert!(hex::encode(Algorithm::Sha1.raw(&abc)).starts_with("a9993e36"));
        assert!(hex::encode(Algorithm::Sha256.raw(&abc)).starts_with("ba7816bf"));
        assert!(hex::encode(Algorithm::Sha512.raw(&abc)).starts_with("ddaf35a1"));
        assert_eq!(
            hex::encode(Algorithm::XxHash64.raw(&abc)),
            "44bc2cf5ad770999"
        );
    }

    #[test]
    fn a_wrong_value_is_refused_and_a_missing_one_added() {
        let body = [Bytes::from("x")];
        let wrong = settle(Some((Algorithm::Sha1, "AAAA".into())), None, &body);
        assert_eq!(wrong.unwrap_err().code().as_str(), "BadDigest");
        assert_eq!(
            settle(None, None, &body).unwrap().algorithm,
            Algorithm::Crc64Nvme
        );
    }

    #[test]
    fn a_composite_value_names_its_parts() {
        let bodies = [Bytes::from("a"), Bytes::from("b")];
        let values: Vec<String> = bodies
            .iter()
            .map(|b| Algorithm::Crc32.compute(std::slice::from_ref(b)))
            .collect();
        let values: Vec<&str> = values.iter().map(String::as_str).collect();
        let composite = of_parts(Algorithm::Crc32, Type::Composite, &bodies, &values).unwrap();
        assert!(composite.value.ends_with("-2"));
        let full = of_parts(Algorithm::Crc32, Type::FullObject, &bodies, &values).unwrap();
        assert_eq!(&*full.value, Algorithm::Crc32.compute(&[Bytes::from("ab")]));
    }
}
