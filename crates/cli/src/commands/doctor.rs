//! `s3ferry doctor`: why what is at the source does not come to the destination.

use s3ferry_core::format::diagnosis::Diagnosis;
use s3ferry_engine::doctor::{AskedObject, examine};

use super::Ended;
use crate::args::{Doctor, DoctorFormat};
use crate::exit::Exit;
use crate::planning::{sign_in, unreadable};
use crate::printer::Printer;
use crate::specs::load;

pub(crate) async fn run(printer: &Printer, args: &Doctor, parallelism: usize) -> Ended {
    let loaded = load(printer, &args.paths.paths, &args.target)?;
    let routes = loaded.spec.routes();
    let routes: Vec<_> = routes
        .filter(|route| loaded.scope.covers(route.name))
        .collect();
    if args.object.is_some() && routes.len() != 1 {
        let hint = "name its migration with --target";
        printer.error("--object follows an object of one migration", Some(hint));
        return Err(Exit::Usage);
    }
    let asked = args.object.as_deref().map(|key| AskedObject {
        key,
        version: args.version.as_deref(),
    });
    let (cloud, _) = sign_in(printer, &loaded, parallelism, None).await?;
    printer.status("reading both accounts");
    let mut all = Vec::new();
    for route in &routes {
        let examined = examine(&cloud, &loaded.spec, route, asked, parallelism).await;
        let diagnosis =
            examined.map_err(|failures| unreadable(printer, &failures, "Nothing was diagnosed"))?;
        all.push(diagnosis);
    }
    printer.clear_status();
    printer.data(&match args.format {
        DoctorFormat::Text => {
            let texts = all
                .iter()
                .map(|of| s3ferry_render::diagnosis_text(of, printer.style, printer.width));
            texts.collect::<Vec<_>>().join("\n")
        }
        DoctorFormat::Json => {
            let text = serde_json::to_string_pretty(&all).map_err(|error| {
                printer.error(&format!("cannot write the diagnosis: {error}"), None);
                Exit::Error
            })?;
            s3ferry_render::sanitize_json(&format!("{text}\n"))
        }
    })?;
    Ok(if all.iter().any(Diagnosis::is_wrong) {
        Exit::Differs
    } else {
        Exit::Done
    })
}
