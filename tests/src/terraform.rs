//! Terraform with its AWS provider, where both are on this machine; elsewhere who wants them says that it is skipped.

use std::fs;
use std::io::Write as _;
use std::path::PathBuf;
use std::process::Command;

use crate::world::World;

/// Terraform in a folder of a world, against its sandbox.
#[derive(Debug)]
pub struct Terraform {
    folder: PathBuf,
    environment: Vec<(String, String)>,
}

const PROVIDER: &str = "registry.terraform.io/hashicorp/aws";

impl Terraform {
    /// Sets Terraform up with a configuration; none, and a message, where it or its provider is not on this machine.
    ///
    /// # Panics
    /// Where the disk is full, or the configuration cannot be set up.
    #[must_use]
    pub fn new(world: &World, configuration: &str) -> Option<Self> {
        let Some(mirror) = mirror() else {
            let _nobody_reads = writeln!(
                std::io::stderr(),
                "skipped: terraform or its AWS provider is not on this machine"
            );
            return None;
        };
        let folder = world.folder().join("terraform");
        fs::create_dir_all(&folder).expect("the folder is made");
        let settings = folder.join("terraform.rc");
        let text =
            format!("provider_installation {{\n  filesystem_mirror {{ path = {mirror:?} }}\n}}\n");
        fs::write(&settings, text).expect("the settings are written");
        let mut environment = world.sandbox().environment();
        environment.retain(|(name, _)| name != "AWS_CA_BUNDLE");
        let settings = settings.display().to_string();
        let own = [
            ("TF_CLI_CONFIG_FILE", settings.as_str()),
            ("CHECKPOINT_DISABLE", "1"),
            ("TF_IN_AUTOMATION", "1"),
            ("AWS_EC2_METADATA_DISABLED", "true"),
        ];
        environment.extend(own.map(|(name, value)| (name.to_owned(), value.to_owned())));
        let terraform = Self {
            folder,
            environment,
        };
        terraform.write(configuration);
        terraform.expect(0, &["init", "-input=false"]);
        Some(terraform)
    }

    /// Writes the configuration anew.
    ///
    /// # Panics
    /// Where the disk is full.
    pub fn write(&self, configuration: &str) {
        let file = self.folder.join("main.tf");
        fs::write(file, configuration).expect("the configuration is written");
    }

    /// Runs it, and gives what it says. Of `plan -detailed-exitcode` status 0 means no changes, and 2 some.
    ///
    /// # Panics
    /// Where it does not start, or ends with another status.
    pub fn expect(&self, status: i32, arguments: &[&str]) -> String {
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
            .output()
            .expect("terraform starts");
        let [out, err] =
            [&output.stdout, &output.stderr].map(|bytes| String::from_utf8_lossy(bytes));
        let said = format!("{out}\n{err}");
        assert_eq!(
            output.status.code(),
            Some(status),
            "terraform {arguments:?}\n{said}"
        );
        said
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
