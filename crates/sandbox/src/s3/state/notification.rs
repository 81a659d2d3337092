//! A notification configuration, parsed from its XML. Parsing checks the schema only.

use crate::s3::xml::Element;

/// One target with its events.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Notification {
    pub(crate) id: Option<String>,
    pub(crate) kind: Kind,
    pub(crate) target: String,
    /// As `s3:ObjectCreated:*`.
    pub(crate) events: Vec<String>,
    /// Name and value of each rule, as they were written.
    pub(crate) rules: Vec<(String, String)>,
}

/// What is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Kind {
    Topic,
    Queue,
    Function,
}

impl Kind {
    const ALL: [Self; 3] = [Self::Topic, Self::Queue, Self::Function];

    /// The element of a configuration.
    pub(crate) fn element(self) -> &'static str {
        match self {
            Self::Topic => "TopicConfiguration",
            Self::Queue => "QueueConfiguration",
            Self::Function => "CloudFunctionConfiguration",
        }
    }

    /// The element with the target's ARN.
    pub(crate) fn argument(self) -> &'static str {
        match self {
            Self::Topic => "Topic",
            Self::Queue => "Queue",
            Self::Function => "CloudFunction",
        }
    }

    /// The service in the target's ARN.
    pub(crate) fn service(self) -> &'static str {
        match self {
            Self::Topic => "sns",
            Self::Queue => "sqs",
            Self::Function => "lambda",
        }
    }
}

impl Notification {
    /// Reads every target of a document; none where it does not follow the schema.
    pub(crate) fn parse(root: &Element) -> Option<Vec<Self>> {
        let many = Kind::ALL.map(Kind::element);
        let fits = root.has_only(&["EventBridgeConfiguration"], &many);
        if root.name != "NotificationConfiguration" || !fits {
            return None;
        }
        let targets = root.children.iter().filter_map(|child| {
            let kind = Kind::ALL
                .into_iter()
                .find(|kind| kind.element() == child.name)?;
            Some(target(kind, child))
        });
        targets.collect()
    }

    /// Returns what keys must begin with, and what they must end with.
    pub(crate) fn ends(&self) -> (&str, &str) {
        let of = |name: &str| {
            let rule = self
                .rules
                .iter()
                .find(|(of, _)| of.eq_ignore_ascii_case(name));
            rule.map_or("", |(_, value)| value.as_str())
        };
        (of("prefix"), of("suffix"))
    }

    /// Says whether it wants an event of a key, as `ObjectCreated:Put`.
    pub(crate) fn wants(&self, event: &str, key: &str) -> bool {
        let (prefix, suffix) = self.ends();
        let mut events = self.events.iter();
        events.any(|wanted| is_event(wanted, event))
            && key.starts_with(prefix)
            && key.ends_with(suffix)
    }
}

/// Says whether an event, without `s3:`, is one of those that a configuration names.
fn is_event(wanted: &str, event: &str) -> bool {
    let wanted = wanted.strip_prefix("s3:").unwrap_or(wanted);
    match wanted.strip_suffix('*') {
        Some(start) => event.starts_with(start),
        None => wanted == event,
    }
}

fn target(kind: Kind, element: &Element) -> Option<Notification> {
    let once = ["Id", kind.argument(), "Filter"];
    let events: Vec<String> = element
        .children_named("Event")
        .map(|event| event.text.clone())
        .collect();
    if !element.has_only(&once, &["Event"]) || events.is_empty() {
        return None;
    }
    let rules = match element.child("Filter") {
        None => Vec::new(),
        Some(filter) => rules(filter)?,
    };
    Some(Notification {
        id: element.text_of("Id").map(str::to_owned),
        kind,
        target: element.text_of(kind.argument())?.to_owned(),
        events,
        rules,
    })
}

fn rules(filter: &Element) -> Option<Vec<(String, String)>> {
    let Some(key) = filter.child("S3Key") else {
        return filter.children.is_empty().then(Vec::new);
    };
    if !filter.has_only(&["S3Key"], &[]) || !key.has_only(&[], &["FilterRule"]) {
        return None;
    }
    let rule = |rule: &Element| {
        let (name, value) = (rule.text_of("Name")?, rule.text_of("Value")?);
        Some((name.to_owned(), value.to_owned()))
    };
    key.children.iter().map(rule).collect()
}
