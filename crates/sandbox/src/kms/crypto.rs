//! Encrypt, Decrypt and their like, as far as a client needs them to see who may: what they write is no cipher, but text that
//! only the same key with the same encryption context gives back.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use super::access::Extra;
use super::call::{Answer, Call};
use super::errors::{fault, invalid};
use super::grant::Context;
use super::keys::fit;
use super::state::{Key, Place};
use super::vault::encrypts;
use crate::wire::Refusal;
use crate::wire::json::wrong_type;

/// The largest plaintext of Encrypt (BC:kms).
const LARGEST: usize = 4096;

const ALGORITHM: &str = "SYMMETRIC_DEFAULT";

/// What stands for a ciphertext.
#[derive(Serialize, Deserialize)]
struct Sealed {
    account: String,
    region: String,
    key: String,
    context: Context,
    /// Base64.
    plaintext: String,
}

impl Sealed {
    fn seal(key: &Key, context: &Context, plaintext: &str) -> String {
        let sealed = Self {
            account: key.place.account.clone(),
            region: key.place.region.clone(),
            key: key.id.clone(),
            context: context.clone(),
            plaintext: plaintext.to_owned(),
        };
        base64_simd::STANDARD.encode_to_string(json!(sealed).to_string())
    }

    fn open(blob: &str) -> Option<Self> {
        let bytes = base64_simd::STANDARD.decode_to_vec(blob).ok()?;
        serde_json::from_slice(&bytes).ok()
    }
}

fn context(call: &Call<'_>, field: &str) -> Result<Context, Refusal> {
    pairs(call.input, field)
}

/// Reads names with values.
pub(crate) fn pairs(input: &Value, field: &str) -> Result<Context, Refusal> {
    match input.get(field) {
        None | Some(Value::Null) => Ok(Context::new()),
        Some(value) => serde_json::from_value(value.clone()).map_err(|_| wrong_type(field)),
    }
}

/// Finds the key a field names, asks whether the caller may do this with it, and whether it is fit for it.
fn key(call: &Call<'_>, field: &str, action: &str, context: &Context) -> Result<Key, Refusal> {
    let extra = Extra {
        encryption: Some(context),
        ..Extra::default()
    };
    let key = call.any_key(&mut call.kms.state(), field, action, extra)?;
    usable(&key, action)?;
    Ok(key)
}

fn usable(key: &Key, action: &str) -> Result<(), Refusal> {
    fit(key)?;
    encrypts(key, action)?;
    Ok(())
}

/// Says what would have come, where only that is asked.
pub(crate) fn dry_run(call: &Call<'_>) -> Result<(), Refusal> {
    if call.flag("DryRun")? {
        let message = "The request would have succeeded, but the DryRun option is set.";
        return Err(Refusal::new(412, "DryRunOperationException", message));
    }
    Ok(())
}

pub(crate) fn encrypt(call: &Call<'_>) -> Answer {
    let context = context(call, "EncryptionContext")?;
    let plaintext = call.required("Plaintext")?;
    let size = base64_simd::STANDARD.decode_to_vec(plaintext);
    let size = size.map_err(|_| wrong_type("Plaintext"))?.len();
    if size == 0 || size > LARGEST {
        let must = format!("have length less than or equal to {LARGEST}");
        return Err(invalid(Some("java.nio.HeapByteBuffer"), "Plaintext", &must));
    }
    let key = key(call, "KeyId", call.operation, &context)?;
    dry_run(call)?;
    Ok(Some(json!({
        "CiphertextBlob": Sealed::seal(&key, &context, plaintext), "KeyId": key.arn(),
        "EncryptionAlgorithm": ALGORITHM,
    })))
}

/// Opens what a key has sealed: whoever sees another context or another text gets no plaintext.
fn opened(
    call: &Call<'_>,
    action: &str,
    (key_field, context_field): (&str, &str),
) -> Result<(Key, Sealed), Refusal> {
    let invalid = || fault("InvalidCiphertextException", "");
    let sealed = Sealed::open(call.required("CiphertextBlob")?).ok_or_else(invalid)?;
    let context = context(call, context_field)?;
    let place = Place::new(&sealed.account, &sealed.region);
    let arn = place.arn("kms", &format!("key/{}", sealed.key));
    if place.region != call.here.region {
        return Err(invalid());
    }
    let named = json!({ "KeyId": arn });
    let asked = Call {
        input: &named,
        here: call.here.clone(),
        ..*call
    };
    let found = key(&asked, "KeyId", action, &context)?;
    if call.text(key_field)?.is_some() {
        let extra = Extra {
            encryption: Some(&context),
            ..Extra::default()
        };
        let meant = call.any_key(&mut call.kms.state(), key_field, action, extra)?;
        if meant.arn() != found.arn() {
            let message = "The key ID in the request does not identify a CMK that can perform this operation.";
            return Err(fault("IncorrectKeyException", message));
        }
    }
    if sealed.context != context {
        return Err(invalid());
    }
    Ok((found, sealed))
}

pub(crate) fn decrypt(call: &Call<'_>) -> Answer {
    let fields = ("KeyId", "EncryptionContext");
    let (key, sealed) = opened(call, call.operation, fields)?;
    dry_run(call)?;
    Ok(Some(json!({
        "KeyId": key.arn(), "Plaintext": sealed.plaintext, "EncryptionAlgorithm": ALGORITHM,
    })))
}

pub(crate) fn encrypt_again(call: &Call<'_>) -> Answer {
    let fields = ("SourceKeyId", "SourceEncryptionContext");
    let (source, sealed) = opened(call, "ReEncryptFrom", fields)?;
    let context = context(call, "DestinationEncryptionContext")?;
    let destination = key(call, "DestinationKeyId", "ReEncryptTo", &context)?;
    dry_run(call)?;
    Ok(Some(json!({
        "CiphertextBlob": Sealed::seal(&destination, &context, &sealed.plaintext),
        "SourceKeyId": source.arn(), "KeyId": destination.arn(),
        "SourceEncryptionAlgorithm": ALGORITHM, "DestinationEncryptionAlgorithm": ALGORITHM,
    })))
}

pub(crate) fn data_key(call: &Call<'_>, shown: bool) -> Answer {
    let context = context(call, "EncryptionContext")?;
    let bytes = match (
        call.text("KeySpec")?,
        call.number("NumberOfBytes", 1, 1024)?,
    ) {
        (Some("AES_256"), None) => 32,
        (Some("AES_128"), None) => 16,
        (None, Some(bytes)) => usize::try_from(bytes).unwrap_or(32),
        _ => {
            let message = "Please specify either number of bytes or key spec.";
            return Err(fault("ValidationException", message));
        }
    };
    let key = key(call, "KeyId", call.operation, &context)?;
    dry_run(call)?;
    let plaintext = base64_simd::STANDARD.encode_to_string(call.kms.ids().mixed(bytes));
    let mut answer = json!({
        "CiphertextBlob": Sealed::seal(&key, &context, &plaintext), "KeyId": key.arn(),
    });
    if shown {
        answer["Plaintext"] = json!(plaintext);
    }
    Ok(Some(answer))
}
