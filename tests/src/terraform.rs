//! Terraform with its AWS provider, where both are on this machine; elsewhere who wants them says that it is skipped.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

/// Terraform in a folder, against a sandbox.
#[derive(Debug)]
pub struct Terraform {
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

/// How a run of Terraform ended.
#[derive(Debug)]
pub struct Planned {
    /// The exit status; of `plan -detailed-exitcode` 0 means no changes, and 2 some.
    pub status: Option<i32>,
    /// All that it said.
    pub said: String,
}

const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

impl Terraform {
    /// Sets Terraform up in a folder with a configuration; none, and a message, where it or its provider is not on this machine.
    ///
    /// # Panics
    /// Where the disk is full, or the configuration cannot be set up.
    #[must_use]
    pub fn new(
        folder: &Path,
        environment: Vec<(String, String)>,
        configuration: &str,
    ) -> Option<Self> {
        let Some(mirror) = mirror() else {
            let _nobody_reads = writeln!(
                std::io::stderr(),
                "skipped: terraform or its AWS provider is not on this machine"
            );
            return None;
        };
        fs::create_dir_all(folder).expect("the folder is made");
        fs::write(folder.join("main.tf"), configuration).expect("the configuration is written");
        let settings = folder.join("terraform.rc");
        let text = format!(
            "provider_installation {{\n  filesystem_mirror {{ path = \"{}\" }}\n}}\n",
            mirror.display()
        );
        fs::write(&settings, text).expect("the settings are written");
        let mut environment = environment;
        environment.retain(|(name, _)| name != "AWS_CA_BUNDLE");
        environment.push((
            "TF_CLI_CONFIG_FILE".to_owned(),
            settings.display().to_string(),
        ));
        environment.push(("CHECKPOINT_DISABLE".to_owned(), "1".to_owned()));
        environment.push(("TF_IN_AUTOMATION".to_owned(), "1".to_owned()));
        let terraform = Self {
            folder: folder.to_owned(),
            environment,
        };
        let begun = terraform.run(&["init"]);
        assert_eq!(begun.status, Some(0), "{}", begun.said);
        Some(terraform)
    }

    /// Runs it.
    ///
    /// # Panics
    /// Where it does not start.
    #[must_use]
    pub fn run(&self, arguments: &[&str]) -> Planned {
        let mut command = Command::new("terraform");
        for (name, _) in std::env::vars_os() {
            if name.to_string_lossy().starts_with("AWS_") {
                command.env_remove(name);
            }
        }
        let output = command
            .arg(format!("-chdir={}", self.folder.display()))
            .args(arguments)
            .arg("-no-color")
            .envs(self.environment.iter().cloned())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .output()
            .expect("terraform starts");
        let [out, err] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        Planned {
            status: output.status.code(),
            said: format!("{out}\n{err}"),
        }
    }
}

/// The folder of providers that holds the AWS one.
fn mirror() -> Option<PathBuf> {
    Command::new("terraform").arg("-version").output().ok()?;
    let home = std::env::var_os("HOME").map(PathBuf::from);
    let mut folders: Vec<PathBuf> = vec![PathBuf::from("/usr/share/terraform/plugins")];
    folders.extend(home.map(|home| home.join(".terraform.d/plugins")));
    let roots = fs::read_dir("/").into_iter().flatten().flatten();
    folders.extend(roots.map(|root| root.path().join("tf-plugins")));
    folders
        .into_iter()
        .find(|folder| folder.join(PROVIDER).is_dir())
}
