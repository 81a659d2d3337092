//! Runs the S3 judges under `tests/clients` against a sandbox, where boto3 and the AWS CLI are.
//!
//! `S3FERRY_PYTHON` names the interpreter (default `python3`). A machine without the packages skips
//! them with a message; the workspace's `tests` package always runs them.

#[cfg(test)]
mod judges {
    use std::path::Path;
    use std::process::Command;

    use s3ferry_sandbox::Sandbox;

    /// Returns an interpreter that can import the module.
    fn python(module: &str) -> Option<String> {
        let python = std::env::var("S3FERRY_PYTHON").unwrap_or_else(|_| "python3".to_owned());
        let import = Command::new(&python)
            .args(["-c", &format!("import {module}")])
            .output();
        import
            .is_ok_and(|output| output.status.success())
            .then_some(python)
    }

    async fn judge(script: &'static str, module: &str) {
        let Some(python) = python(module) else {
            eprintln!("skipped: {script} needs the module {module}; see S3FERRY_PYTHON");
            return;
        };
        let sandbox = Sandbox::builder()
            .account("111111111111", "eu-west-1")
            .account("222222222222", "eu-central-1")
            .start()
            .await
            .unwrap();
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/clients");
        let mut command = Command::new(python);
        command
            .arg(path.join(script))
            .envs(sandbox.environment())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .env("PYTHONDONTWRITEBYTECODE", "1");
        for inherited in ["AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_CA_BUNDLE"] {
            command.env_remove(inherited);
        }
        let run = tokio::task::spawn_blocking(move || command.output());
        let output = run.await.unwrap().unwrap();
        let shown = |bytes: &[u8]| String::from_utf8_lossy(bytes).into_owned();
        let (out, err) = (shown(&output.stdout), shown(&output.stderr));
        assert!(output.status.success(), "{script}:\n{out}\n{err}");
        sandbox.shutdown().await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_a_bucket_pair_replicating() {
        judge("s3_pair.py", "boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_every_row_of_the_admission_table() {
        judge("s3_admission.py", "boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_policies_seeing_every_call_alike() {
        judge("s3_policies.py", "boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_versions_held_and_listed_as_s3_does() {
        judge("s3_versions.py", "boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_kms_as_documented() {
        judge("kms.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_grants_letting_in() {
        judge("kms_grants.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_conditions_heeded() {
        judge("s3_conditions.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_changes_of_replicas_going_back() {
        judge("s3_modifications.py", "boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_checksums_verified() {
        judge("s3_checksums.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_archives_closed_until_restored() {
        judge("s3_archives.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_lifecycle_at_work() {
        judge("s3_lifecycle.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_acls_heeded() {
        judge("s3_acls.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_trails_as_documented() {
        judge("cloudtrail.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_logging_inventories_and_notifications_checked() {
        judge("s3_reports.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_what_aws_delivers_by_itself() {
        judge("deliveries.py", "boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_topics_as_documented() {
        judge("sns.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_and_the_aws_cli_find_alarms_as_documented() {
        judge("cloudwatch.py", "awscli, boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn boto3_finds_alarms_following_metrics() {
        judge("cloudwatch_states.py", "boto3").await;
    }

    #[tokio::test(flavor = "multi_thread")]
    async fn the_aws_cli_finds_a_bucket_pair_replicating() {
        judge("s3_cli.py", "awscli").await;
    }

    /// The script skips itself where Terraform is missing.
    #[tokio::test(flavor = "multi_thread")]
    async fn terraform_makes_trails_and_reports_and_plans_no_more_changes() {
        judge("terraform_reports.py", "json").await;
    }

    /// The script skips itself where Terraform is missing.
    #[tokio::test(flavor = "multi_thread")]
    async fn terraform_makes_a_pair_and_plans_no_more_changes() {
        judge("s3_terraform.py", "json").await;
    }
}
