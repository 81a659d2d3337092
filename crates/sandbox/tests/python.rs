//! Runs the Python judges under `tests/clients` against a sandbox, where boto3 and the AWS CLI are there.
//!
//! `S3FERRY_PYTHON` names the interpreter (default `python3`). The workspace's `tests` package
//! makes a virtual environment and always runs them; here a machine without them skips them.

#[cfg(test)]
mod judges {
    use std::path::Path;
    use std::process::Command;

    use s3ferry_sandbox::Sandbox;

    /// Returns an interpreter that has what the judges need. One that was asked for must have it.
    fn python() -> Option<String> {
        let asked = std::env::var("S3FERRY_PYTHON").ok();
        let python = asked.clone().unwrap_or_else(|| "python3".to_owned());
        let import = Command::new(&python)
            .args(["-c", "import boto3, awscli"])
            .output();
        let able = import.is_ok_and(|output| output.status.success());
        assert!(able || asked.is_none(), "{python} has no boto3 and awscli");
        able.then_some(python)
    }

    async fn judge(script: &'static str) {
        let Some(python) = python() else {
            eprintln!("skipped: {script} needs boto3 and awscli; see S3FERRY_PYTHON");
            return;
        };
        let sandbox = Sandbox::builder()
            .account("111111111111", "eu-west-1")
            .account("222222222222", "eu-central-1")
            .start()
            .await
            .unwrap();
        let script = Path::new(env!("CARGO_MANIFEST_DIR"))
            .join("../../tests/clients")
            .join(script);
        let mut command = Command::new(python);
        command
            .arg(&script)
            .envs(sandbox.environment())
            .env("AWS_EC2_METADATA_DISABLED", "true");
        for inherited in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"] {
            command.env_remove(inherited);
        }
        let output = tokio::task::spawn_blocking(move || command.output())
            .await
            .unwrap()
            .unwrap();
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (shown(&output.stdout), shown(&output.stderr));
        assert!(
            output.status.success(),
            "{}:\n{out}\n{err}",
            script.display()
        );
        sandbox.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_iam_and_sts_as_documented() {
        judge("iam_sts.py").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_s3_heeding_iam() {
        judge("iam_s3.py").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_aws_cli_finds_iam_and_sts_as_documented() {
        judge("iam_cli.py").await;
    }
}
