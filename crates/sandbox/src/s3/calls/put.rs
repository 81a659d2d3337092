//! PutObject, and reading a body with its checksums.

use std::sync::Arc;

use bytes::{Bytes, BytesMut};
use futures::TryStreamExt as _;
use http::{HeaderMap, HeaderValue};
use s3s::dto::{
    ETag, PutObjectInput, PutObjectOutput, SSECustomerAlgorithm, ServerSideEncryption,
    StreamingBlob,
};
use s3s::{S3Request, S3Response, S3Result, TrailingHeaders};

use super::access::asker_of;
use super::conditions::check_write;
use super::times::system_time;
use super::write::{Writer, tell_written, write_object};
use super::write_options::write_options_of;
use crate::s3::checksum::{self, ALGORITHMS, Algorithm, Checksum};
use crate::s3::errors::{fault, invalid_argument};
use crate::s3::rules::keys::TO_WRITE;
use crate::s3::rules::tags::tags_of_header;
use crate::s3::state::version::{Body, Content, Details, Encryption, Headers, RareHeaders, digest};
use crate::s3::state::world::Store;
use crate::s3::state::write_options::WriteOptions;

/// The largest object of one PUT: 5 GB.
const LARGEST: u64 = 5 << 30;

/// A body that was read whole, with what was verified about it.
pub(crate) struct Received {
    pub(crate) bytes: Bytes,
    pub(crate) md5: Vec<u8>,
    pub(crate) checksum: Checksum,
}

/// What a request says about the digests of its body.
#[derive(Default)]
pub(crate) struct Claims {
    pub(crate) md5: Option<String>,
    pub(crate) values: Vec<(Algorithm, String)>,
    pub(crate) algorithm: Option<Algorithm>,
    pub(crate) trailers: Option<TrailingHeaders>,
}

/// Reads a body and verifies its digests.
pub(crate) async fn receive(body: Option<StreamingBlob>, claims: Claims) -> S3Result<Received> {
    let bytes = match body {
        Some(body) => collect(body).await?,
        None => Bytes::new(),
    };
    let pieces = std::slice::from_ref(&bytes);
    let md5 = checksum::md5(pieces);
    checksum::verify_md5(claims.md5.as_deref(), &md5)?;
    let sent = sent_checksum(claims.values, claims.trailers.as_ref())?;
    let checksum = checksum::settle(sent, claims.algorithm, pieces)?;
    Ok(Received {
        bytes,
        md5,
        checksum,
    })
}

async fn collect(mut body: StreamingBlob) -> S3Result<Bytes> {
    let mut first = Bytes::new();
    let mut all = BytesMut::new();
    // An error here is a body that does not match its signature, hash or length.
    let broken = |error: s3s::StdError| {
        let text = format!("The body could not be read as it was announced: {error}");
        fault(400, "IncompleteBody", text)
    };
    while let Some(chunk) = body.try_next().await.map_err(broken)? {
        if first.is_empty() && all.is_empty() {
            first = chunk;
            continue;
        }
        if all.is_empty() {
            all.extend_from_slice(&first);
        }
        all.extend_from_slice(&chunk);
        if all.len() as u64 > LARGEST {
            let text = "Your proposed upload exceeds the maximum allowed size";
            return Err(fault(400, "EntityTooLarge", text));
        }
    }
    // A small piece of a large read buffer would keep the whole buffer alive.
    Ok(if all.is_empty() {
        Bytes::copy_from_slice(&first)
    } else {
        all.freeze()
    })
}

/// Reads the checksums that headers carry, also those of algorithms that s3s does not know.
pub(crate) fn checksums_of(headers: &HeaderMap) -> Vec<(Algorithm, String)> {
    let value = |algorithm: Algorithm| {
        let value = headers.get(algorithm.header())?.to_str().ok()?;
        Some((algorithm, value.to_owned()))
    };
    ALGORITHMS.into_iter().filter_map(value).collect()
}

fn sent_checksum(
    mut sent: Vec<(Algorithm, String)>,
    trailers: Option<&TrailingHeaders>,
) -> S3Result<Option<(Algorithm, String)>> {
    if let Some(trailers) = trailers.and_then(TrailingHeaders::take) {
        sent.extend(checksums_of(&trailers));
    }
    if sent.len() > 1 {
        let text = "Expecting a single x-amz-checksum- header. Multiple checksum Types are not \
                    allowed.";
        return Err(fault(400, "InvalidRequest", text));
    }
    Ok(sent.pop())
}

/// Answers PutObject.
pub(crate) async fn put_object(
    store: &Store,
    mut request: S3Request<PutObjectInput>,
) -> S3Result<S3Response<PutObjectOutput>> {
    let trailers = request.trailing_headers.take();
    let asker = asker_of(&request.extensions);
    let mut input = request.input;
    let claims = Claims {
        md5: input.content_md5.take(),
        values: checksums_of(&request.headers),
        algorithm: algorithm(input.checksum_algorithm.as_ref().map(|name| name.as_str()))?,
        trailers,
    };
    let received = receive(input.body.take(), claims).await?;
    check_write(
        store,
        &asker,
        (&input.bucket, &input.key),
        (input.if_match.as_ref(), input.if_none_match.as_ref()),
    )?;
    let options = options(&input)?;
    let content = Content {
        body: Body::from(received.bytes),
        digest: digest(&received.md5),
        checksum: Some(received.checksum.clone()),
        ..Content::default()
    };
    let content = content.with(Details {
        parts: Box::default(),
        headers: headers(&input)?,
    });
    let place = (input.bucket.as_str(), input.key.as_str());
    let written = write_object(
        store,
        place,
        Writer::Caller(&asker.caller, TO_WRITE),
        options,
        Arc::new(content),
    )?;
    tell_written(store, place, ("ObjectCreated:Put", &asker.caller), &written);
    let shown = Shown::of(&written.encryption);
    let output = PutObjectOutput {
        e_tag: Some(ETag::Strong(written.etag)),
        version_id: written.version_id,
        server_side_encryption: shown.algorithm,
        ssekms_key_id: shown.key,
        bucket_key_enabled: shown.bucket_key,
        sse_customer_algorithm: shown.customer_algorithm,
        sse_customer_key_md5: shown.customer_key_md5,
        checksum_type: Some(received.checksum.kind.as_str().to_owned().into()),
        ..PutObjectOutput::default()
    };
    let mut response = S3Response::new(output);
    show_checksum(&mut response.headers, &received.checksum);
    Ok(response)
}

/// Shows a checksum in the header of its algorithm.
pub(crate) fn show_checksum(headers: &mut HeaderMap, checksum: &Checksum) {
    if let Ok(value) = HeaderValue::from_str(&checksum.value) {
        headers.insert(checksum.algorithm.header(), value);
    }
}

/// Reads the name of a checksum algorithm.
pub(crate) fn algorithm(name: Option<&str>) -> S3Result<Option<Algorithm>> {
    let Some(name) = name else { return Ok(None) };
    match Algorithm::parse(name) {
        Some(algorithm) => Ok(Some(algorithm)),
        None => Err(fault(
            400,
            "InvalidRequest",
            "Checksum algorithm provided is unsupported. Please try again with any of the valid \
             types: [CRC32, CRC32C, CRC64NVME, SHA1, SHA256, SHA512, MD5, XXHASH64, XXHASH3, XXHASH128]",
        )),
    }
}

fn options(input: &PutObjectInput) -> S3Result<WriteOptions> {
    Ok(write_options_of!(
        input,
        tags_of_header(input.tagging.as_deref())?
    ))
}

fn headers(input: &PutObjectInput) -> S3Result<Headers> {
    let rare = RareHeaders {
        cache_control: input.cache_control.clone(),
        content_disposition: input.content_disposition.clone(),
        content_encoding: input.content_encoding.as_deref().and_then(without_chunking),
        content_language: input.content_language.clone(),
        expires: input.expires.clone().and_then(system_time),
        website_redirect: input.website_redirect_location.clone(),
    };
    let metadata = input.metadata.iter().flatten();
    assemble_headers(
        input.content_type.as_ref().map(ToString::to_string),
        rare,
        metadata
            .map(|(name, value)| (name.clone(), value.clone()))
            .collect(),
    )
}

/// `aws-chunked` describes the transfer; S3 stores the rest.
fn without_chunking(encoding: &str) -> Option<String> {
    let rest: Vec<&str> = encoding
        .split(',')
        .map(str::trim)
        .filter(|part| *part != "aws-chunked")
        .collect();
    let rest = rest.join(",");
    (!rest.is_empty()).then_some(rest)
}

/// The bytes of user metadata, of names and values in UTF-8 (UG:UsingMetadata).
const METADATA: usize = 2 * 1024;

/// Makes stored headers; user metadata is sorted by name.
pub(crate) fn assemble_headers(
    content_type: Option<String>,
    rare: RareHeaders,
    mut metadata: Vec<(String, String)>,
) -> S3Result<Headers> {
    let size: usize = metadata
        .iter()
        .map(|(name, value)| name.len() + value.len())
        .sum();
    if size > METADATA {
        let text = "Your metadata headers exceed the maximum allowed metadata size";
        return Err(fault(400, "MetadataTooLarge", text));
    }
    metadata.sort();
    Ok(Headers {
        content_type: content_type.map(Into::into),
        rare: (rare != RareHeaders::default()).then(|| Box::new(rare)),
        metadata: metadata
            .into_iter()
            .map(|(name, value)| (name.into(), value.into()))
            .collect(),
    })
}

/// The encryption headers of a response.
#[derive(Default)]
pub(crate) struct Shown {
    pub(crate) algorithm: Option<ServerSideEncryption>,
    pub(crate) key: Option<String>,
    pub(crate) bucket_key: Option<bool>,
    pub(crate) customer_algorithm: Option<SSECustomerAlgorithm>,
    pub(crate) customer_key_md5: Option<String>,
}

impl Shown {
    /// Returns the headers for an encryption.
    pub(crate) fn of(encryption: &Encryption) -> Self {
        let algorithm = |name: &str| Some(name.to_owned().into());
        match encryption {
            Encryption::S3 => Self {
                algorithm: algorithm("AES256"),
                ..Self::default()
            },
            Encryption::Kms {
                key,
                bucket_key,
                dual,
            } => Self {
                algorithm: algorithm(if *dual { "aws:kms:dsse" } else { "aws:kms" }),
                key: Some(key.to_string()),
                bucket_key: bucket_key.then_some(true),
                ..Self::default()
            },
            Encryption::Customer { key_md5 } => Self {
                customer_algorithm: Some("AES256".to_owned()),
                customer_key_md5: Some(key_md5.to_string()),
                ..Self::default()
            },
        }
    }
}

/// Refuses a version id S3 never gives.
pub(crate) fn check_version_id(id: Option<&str>) -> S3Result<()> {
    let fits = |id: &str| {
        id == "null" || (id.len() == 32 && id.bytes().all(|byte| byte.is_ascii_graphic()))
    };
    match id {
        Some(id) if !fits(id) => Err(invalid_argument("Invalid version id specified")),
        _ => Ok(()),
    }
}
