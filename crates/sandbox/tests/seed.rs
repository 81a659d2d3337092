//! Seed files: what they make, and what they refuse.

#[cfg(test)]
mod tests {
    use s3ferry_sandbox::{Sandbox, SeedError};
    use serde_json::{Value, json};

    async fn sandbox() -> Sandbox {
        let builder = Sandbox::builder().account("111111111111", "eu-west-1");
        builder.start().await.unwrap()
    }

    fn seed(objects: Value) -> String {
        json!({ "buckets": [{
            "name": "orders", "account": "111111111111", "region": "eu-west-1",
            "versioning": "Enabled", "objects": objects,
        }] })
        .to_string()
    }

    #[tokio::test]
    async fn a_seed_makes_versions_markers_parts_and_tags() {
        let sandbox = sandbox().await;
        let objects = json!([
            { "key": "a/{}", "count": 11, "size": [5, 9], "tags": { "k": "v" } },
            { "key": "b", "body": "hello", "versions": 2, "deleted": true },
            { "key": "c", "size": 1000, "part_size": 300 },
        ]);
        sandbox.load_seed(&seed(objects)).unwrap();
        let bucket = sandbox.snapshot()["s3"]["buckets"]["orders"].clone();
        let objects = bucket["objects"].as_object().unwrap();
        assert_eq!(objects.len(), 13);
        assert_eq!(objects["a/07"][0]["tags"], json!({ "k": "v" }));
        let size = objects["a/07"][0]["size"].as_u64().unwrap();
        assert!((5..=9).contains(&size));
        assert_eq!(objects["b"].as_array().unwrap().len(), 3);
        assert_eq!(objects["b"][0]["delete_marker"], true);
        // MD5 of "hello".
        assert_eq!(objects["b"][1]["etag"], "5d41402abc4b2a76b9719d911017c592");
        assert!(objects["c"][0]["etag"].as_str().unwrap().ends_with("-4"));
        assert!(bucket["configuration"]["publicAccessBlock"].is_string());
    }

    #[tokio::test]
    async fn the_same_seed_makes_the_same_world() {
        let objects = || seed(json!([{ "key": "{}", "count": 20, "size": [1, 100] }]));
        let (one, two) = (sandbox().await, sandbox().await);
        one.load_seed(&objects()).unwrap();
        two.load_seed(&objects()).unwrap();
        assert_eq!(one.snapshot()["s3"], two.snapshot()["s3"]);
    }

    #[tokio::test]
    async fn a_seed_makes_the_keys_that_objects_are_under() {
        let sandbox = sandbox().await;
        let arn = "arn:aws:kms:eu-west-1:111111111111:key/00000000-0000-0000-0000-000000000001";
        let objects = |key: &str| json!([{ "key": "a", "kms_key": key }]);
        let mut world: Value = serde_json::from_str(&seed(objects("alias/orders"))).unwrap();
        let key = json!({ "arn": arn, "aliases": ["alias/orders"], "state": "Disabled" });
        world["keys"] = json!([key]);
        sandbox.load_seed(&world.to_string()).unwrap();
        let snapshot = sandbox.snapshot();
        let bucket = &snapshot["s3"]["buckets"]["orders"];
        assert_eq!(bucket["objects"]["a"][0]["encryption"], arn);
        let keys = &snapshot["kms"]["111111111111"]["eu-west-1"];
        let (id, state) = (&keys["aliases"]["alias/orders"], &keys["keys"]);
        assert_eq!(state[id.as_str().unwrap()]["state"], "Disabled");
        let twice = sandbox.load_seed(&json!({ "keys": [key] }).to_string());
        assert!(matches!(twice, Err(SeedError::Key { arn: of, .. }) if of == arn));
        let absent = arn.replace("01", "02");
        world["keys"] = json!([]);
        world["buckets"][0]["name"] = json!("others");
        world["buckets"][0]["objects"] = objects(&absent);
        let refused = sandbox.load_seed(&world.to_string()).unwrap_err();
        let wanted = format!(
            "a of bucket others is refused: KMS.NotFoundException: Key '{absent}' does not exist"
        );
        assert_eq!(refused.to_string(), wanted);
    }

    #[tokio::test]
    async fn a_seed_makes_topics_and_alarms() {
        let sandbox = sandbox().await;
        let arn = "arn:aws:sns:eu-west-1:111111111111:alerts";
        let topic = json!({ "arn": arn, "tags": { "team": "x" }, "subscriptions": [
            { "protocol": "email", "endpoint": "a@example.com" },
            { "protocol": "email", "endpoint": "b@example.com", "confirmed": false },
        ] });
        let settings = json!({
            "AlarmName": "failed", "Namespace": "AWS/S3", "MetricName": "OperationsFailedReplication", "Statistic": "Sum",
            "Period": 300, "EvaluationPeriods": 1, "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold",
            "AlarmActions": [arn],
        });
        let alarm = |settings: &Value| {
            let alarm =
                json!({ "account": "111111111111", "region": "eu-west-1", "alarm": settings });
            json!({ "alarms": [alarm] })
        };
        let mut world = alarm(&settings);
        world["topics"] = json!([topic]);
        sandbox.load_seed(&world.to_string()).unwrap();
        let snapshot = sandbox.snapshot();
        let made = &snapshot["sns"]["111111111111"]["eu-west-1"]["alerts"];
        assert_eq!(
            (&made["arn"], &made["tags"]["team"]),
            (&json!(arn), &json!("x"))
        );
        let subscriptions = made["subscriptions"].as_object().unwrap();
        let confirmed = subscriptions.values().filter(|of| of["confirmed"] == true);
        assert_eq!((subscriptions.len(), confirmed.count()), (2, 1));
        let made = &snapshot["cloudwatch"]["111111111111"]["eu-west-1"]["alarms"]["failed"];
        assert_eq!(
            (&made["Threshold"], &made["AlarmActions"]),
            (&json!(0.0), &json!([arn]))
        );

        let twice = sandbox.load_seed(&json!({ "topics": [topic] }).to_string());
        assert_eq!(
            twice.unwrap_err().to_string(),
            format!("topic {arn} is refused: it exists already")
        );
        let mut wrong = settings.clone();
        wrong["Period"] = json!(90);
        let refused = sandbox.load_seed(&alarm(&wrong).to_string()).unwrap_err();
        assert_eq!(
            refused.to_string(),
            "alarm failed is refused: Period must be 10, 20, 30 or a multiple of 60"
        );
    }

    #[tokio::test]
    async fn what_is_wrong_in_a_seed_is_named() {
        let sandbox = sandbox().await;
        let unknown = sandbox.load_seed(r#"{"buckets": [], "more": 1}"#);
        assert!(matches!(unknown, Err(SeedError::Format(_))));
        let class = seed(json!([{ "key": "a", "storage_class": "GOLD" }]));
        let refused = sandbox.load_seed(&class).unwrap_err();
        assert!(
            matches!(&refused, SeedError::Refused { what, .. } if what == "a"),
            "{refused}"
        );
        let again = sandbox.load_seed(&seed(json!([])));
        assert!(matches!(again, Err(SeedError::BucketExists(name)) if name == "orders"));
    }
}
