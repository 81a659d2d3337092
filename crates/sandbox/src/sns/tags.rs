//! Tags of topics.

use super::call::{Answer, Call};
use super::given::{check_count, read};
use crate::iam::{element, text};

pub(super) fn add(call: &Call<'_>) -> Answer {
    let new = read(call.form)?;
    call.change("ResourceArn", |topic| {
        let mut tags = topic.tags.clone();
        tags.extend(new);
        check_count(&tags)?;
        topic.tags = tags;
        Ok(())
    })?;
    Ok(Some(String::new()))
}

pub(super) fn remove(call: &Call<'_>) -> Answer {
    let keys = call.members("TagKeys");
    call.change("ResourceArn", |topic| {
        topic.tags.retain(|key, _| !keys.contains(&key.as_str()));
        Ok(())
    })?;
    Ok(Some(String::new()))
}

pub(super) fn list(call: &Call<'_>) -> Answer {
    let topic = call.topic("ResourceArn")?;
    let members: String = topic
        .tags
        .iter()
        .map(|(key, value)| element("member", &(text("Key", key) + &text("Value", value))))
        .collect();
    Ok(Some(element("Tags", &members)))
}
