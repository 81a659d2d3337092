//! The alarms of a seed file, each with what PutMetricAlarm takes:
//!
//! ```json
//! { "alarms": [
//!   { "account": "111111111111", "region": "eu-west-1", "alarm": { "AlarmName": "failed", "Namespace": "AWS/S3",
//!     "MetricName": "OperationsFailedReplication", "Statistic": "Sum", "Period": 300, "EvaluationPeriods": 1,
//!     "Threshold": 0, "ComparisonOperator": "GreaterThanThreshold" } }
//! ] }
//! ```

use serde::Deserialize;
use serde_json::Value;

use super::call::Call;
use super::{CloudWatch, alarms};
use crate::authority::Caller;
use crate::error::SeedError;
use crate::wire::RpcRequest;
use crate::wire::codec::read_json;

/// An alarm as a seed has it.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct AlarmSeed {
    account: String,
    region: String,
    alarm: Value,
}

/// Makes the alarms of a seed, as the root of their account does.
pub(crate) fn load(cloudwatch: &CloudWatch, seeds: &[AlarmSeed]) -> Result<(), SeedError> {
    for seed in seeds {
        let caller = Caller::root(&seed.account);
        let request = RpcRequest {
            caller: &caller,
            region: &seed.region,
            operation: "PutMetricAlarm",
            input: &read_json(seed.alarm.clone()),
        };
        let put = alarms::put(&Call::new(cloudwatch, "PutMetricAlarm", &request));
        put.map_err(|refusal| SeedError::Alarm {
            name: seed.alarm["AlarmName"]
                .as_str()
                .unwrap_or_default()
                .to_owned(),
            reason: refusal.message,
        })?;
    }
    Ok(())
}
