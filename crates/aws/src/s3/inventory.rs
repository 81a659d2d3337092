//! A bucket's inventory configurations: read all together, written one by one.

use std::collections::BTreeMap;

use aws_sdk_s3::types::{
    InventoryConfiguration, InventoryDestination, InventoryEncryption as SdkEncryption,
    InventoryFilter, InventoryFormat, InventoryFrequency, InventoryIncludedObjectVersions,
    InventoryOptionalField, InventoryS3BucketDestination, InventorySchedule, Ssekms, Sses3,
};
use s3ferry_core::model::kinds::{Inventories, Inventory, InventoryEncryption};

use super::{BucketApi, gone, part};
use crate::answer::pages::Pages;
use crate::failure::Failure;

const LIST: &str = "ListBucketInventoryConfigurations";

pub(crate) async fn read(api: &BucketApi<'_>) -> Result<Option<Inventories>, Failure> {
    let mut found = Inventories::new();
    let mut pages = Pages::default();
    let mut from: Option<String> = None;
    loop {
        let answer = api
            .read(LIST, |s3| {
                s3.list_bucket_inventory_configurations()
                    .bucket(api.name())
                    .expected_bucket_owner(api.owner())
                    .set_continuation_token(from.clone())
                    .send()
            })
            .await;
        let Some(page) = part(api, answer).await? else {
            return Ok(None);
        };
        for configuration in page.inventory_configuration_list() {
            let inventory = inventory(api, configuration)?;
            found.insert(configuration.id().to_owned(), inventory);
        }
        let goes_on = page.is_truncated().unwrap_or(false);
        let next = pages.next(goes_on, page.next_continuation_token);
        from = next.map_err(|endless| api.unreadable(LIST, endless))?;
        if from.is_none() {
            return Ok(Some(found).filter(|found| !found.is_empty()));
        }
    }
}

fn inventory(api: &BucketApi<'_>, of: &InventoryConfiguration) -> Result<Inventory, Failure> {
    let destination = of
        .destination()
        .and_then(InventoryDestination::s3_bucket_destination)
        .ok_or_else(|| api.unreadable(LIST, "an inventory goes nowhere"))?;
    let some = |text: Option<&str>| text.map(str::to_owned);
    let schedule = of.schedule().map(InventorySchedule::frequency);
    Ok(Inventory {
        enabled: of.is_enabled(),
        versions: of.included_object_versions().as_str().to_owned(),
        schedule: schedule.map(|of| of.as_str().to_owned()),
        filter: of.filter().map(|filter| filter.prefix().to_owned()),
        fields: of
            .optional_fields()
            .iter()
            .map(|field| field.as_str().to_owned())
            .collect(),
        bucket: destination.bucket().to_owned(),
        account: some(destination.account_id()),
        prefix: some(destination.prefix()),
        format: destination.format().as_str().to_owned(),
        encryption: destination
            .encryption()
            .and_then(|of| match (of.ssekms(), of.sses3()) {
                (Some(key), _) => Some(InventoryEncryption::SseKms(key.key_id().to_owned())),
                (None, Some(_)) => Some(InventoryEncryption::SseS3),
                (None, None) => None,
            }),
    })
}

/// Puts those that differ and deletes those that are no longer there: whatever else the bucket has is not touched.
pub(crate) async fn write(
    api: &BucketApi<'_>,
    before: Option<&Inventories>,
    after: &Inventories,
) -> Result<(), Failure> {
    let nothing = BTreeMap::new();
    let before = before.unwrap_or(&nothing);
    for (id, wanted) in after.iter().filter(|(id, of)| before.get(*id) != Some(*of)) {
        put(api, id, wanted).await?;
    }
    for id in before.keys().filter(|id| !after.contains_key(*id)) {
        delete(api, id).await?;
    }
    Ok(())
}

async fn put(api: &BucketApi<'_>, id: &str, wanted: &Inventory) -> Result<(), Failure> {
    const PUT: &str = "PutBucketInventoryConfiguration";
    let configuration = sdk(id, wanted).map_err(|error| api.invalid(PUT, error))?;
    api.write(PUT, |s3| {
        s3.put_bucket_inventory_configuration()
            .bucket(api.name())
            .expected_bucket_owner(api.owner())
            .id(id)
            .inventory_configuration(configuration)
            .send()
    })
    .await
    .map(drop)
}

async fn delete(api: &BucketApi<'_>, id: &str) -> Result<(), Failure> {
    let answer = api
        .write("DeleteBucketInventoryConfiguration", |s3| {
            s3.delete_bucket_inventory_configuration()
                .bucket(api.name())
                .expected_bucket_owner(api.owner())
                .id(id)
                .send()
        })
        .await;
    gone(answer)
}

fn sdk(
    id: &str,
    wanted: &Inventory,
) -> Result<InventoryConfiguration, aws_smithy_types::error::operation::BuildError> {
    let Inventory {
        enabled,
        versions,
        schedule,
        filter,
        fields,
        bucket,
        account,
        prefix,
        format,
        encryption,
    } = wanted;
    let destination = InventoryS3BucketDestination::builder()
        .bucket(bucket)
        .set_account_id(account.clone())
        .set_prefix(prefix.clone())
        .format(InventoryFormat::from(format.as_str()))
        .set_encryption(encryption.as_ref().map(sdk_encryption).transpose()?)
        .build()?;
    let schedule = schedule.as_deref().map(|word| {
        InventorySchedule::builder()
            .frequency(InventoryFrequency::from(word))
            .build()
    });
    let filter = filter
        .as_ref()
        .map(|prefix| InventoryFilter::builder().prefix(prefix).build());
    let fields: Vec<InventoryOptionalField> = fields
        .iter()
        .map(|field| InventoryOptionalField::from(field.as_str()))
        .collect();
    InventoryConfiguration::builder()
        .id(id)
        .is_enabled(*enabled)
        .included_object_versions(InventoryIncludedObjectVersions::from(versions.as_str()))
        .destination(
            InventoryDestination::builder()
                .s3_bucket_destination(destination)
                .build(),
        )
        .set_schedule(schedule.transpose()?)
        .set_filter(filter.transpose()?)
        .set_optional_fields(Some(fields).filter(|fields| !fields.is_empty()))
        .build()
}

fn sdk_encryption(
    of: &InventoryEncryption,
) -> Result<SdkEncryption, aws_smithy_types::error::operation::BuildError> {
    let encryption = SdkEncryption::builder();
    Ok(match of {
        InventoryEncryption::SseS3 => encryption.sses3(Sses3::builder().build()),
        InventoryEncryption::SseKms(key) => {
            encryption.ssekms(Ssekms::builder().key_id(key).build()?)
        }
    }
    .build())
}
