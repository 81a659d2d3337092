//! Services that publish in their own name: the topic's policy decides, and the policy of its key.

use super::Sns;
use super::mailbox::{Entry, What};
use super::publish::{CONTEXT, ENCRYPTING};
use super::state::{Topic, topic_arn};
use crate::authority::{Action, Caller};
use crate::notifier::{Notice, Notifier, Unpublished};
use crate::vault::{KeyUse, Unusable};

impl Notifier for Sns {
    fn accepts(&self, notice: &Notice<'_>) -> Result<(), Unpublished> {
        self.admitted(notice).map(|_| ())
    }

    fn publish(&self, notice: &Notice<'_>) -> Result<(), Unpublished> {
        match self.admitted(notice) {
            Ok(topic) => {
                let message = (notice.subject, notice.message);
                self.deliver(&topic, notice.service.to_owned(), message, notice.at);
                Ok(())
            }
            Err(unpublished) => {
                let entry = Entry {
                    at: notice.at,
                    topic: notice.topic.to_owned(),
                    from: notice.service.to_owned(),
                    what: What::Refused {
                        subject: notice.subject.map(str::to_owned),
                        message: notice.message.to_owned(),
                        reason: unpublished.to_string(),
                    },
                };
                self.state().mailbox.add(entry);
                Err(unpublished)
            }
        }
    }
}

impl Sns {
    /// Returns the topic, if it is there and takes the notice.
    fn admitted(&self, notice: &Notice<'_>) -> Result<Topic, Unpublished> {
        let named = topic_arn(notice.topic);
        let topic = named.and_then(|(place, name)| self.state().topic(&place, name).cloned());
        let topic = topic.ok_or(Unpublished::NoTopic)?;
        let mut context = notice.source.keys().to_vec();
        context.push(("aws:RequestedRegion", topic.place.region.clone()));
        if notice.tells_owner {
            context.push(("aws:SourceOwner", notice.source.account.to_owned()));
        }
        let action = Action {
            name: "SNS:Publish",
            resource: notice.topic,
            resource_account: &topic.place.account,
            resource_policy: Some(&topic.policy),
            context: &context,
        };
        let service = Caller::service(notice.service);
        let answer = self.authority().authorize(&service, &action);
        answer.map_err(|denied| Unpublished::Denied(denied.message))?;
        self.may_encrypt_for(notice, &topic)
            .map_err(|unusable| Unpublished::Denied(unusable.to_string()))?;
        Ok(topic)
    }

    fn may_encrypt_for(&self, notice: &Notice<'_>, topic: &Topic) -> Result<(), Unusable> {
        let Some(key) = topic.attributes.get("KmsMasterKeyId") else {
            return Ok(());
        };
        let (account, region) = (&topic.place.account, &topic.place.region);
        let key = self.vault().resolve(account, region, key)?;
        let arn = topic.arn();
        ENCRYPTING.into_iter().try_for_each(|action| {
            self.vault().ask(&KeyUse {
                caller: &Caller::service(notice.service),
                key: &key,
                action,
                service: None,
                region,
                context: (CONTEXT, &arn),
                others: &notice.source.keys(),
            })
        })
    }
}
