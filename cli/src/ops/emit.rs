//! `--emit`: what a build knows, from the source alone where that is enough, else from what the linker driver has written.
//!
//! The driver always writes its generated files, so that they can be shown even when a build has nothing to do.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use gobuild_codegen::emit::EmittedObjects;
use gobuild_codegen::graph::RuntimeGraph;
use gobuild_codegen::model::{Plan, RootTarget};
use gobuild_codegen::{blocking, emit, report};
use gobuild_templates::{Config, render};

use super::context::Context;
use crate::args::emit::{EmitKind, EmitRequest, EmitTo};
use crate::error::Error;
use crate::exit_code;
use crate::files;
use crate::linker::layout::{Layout, kind_name};
use crate::linker::records::crate_name;
use crate::plan_file::{PlanFile, Recipe};
use crate::selection::Selection;
use crate::shell;

/// Answers requests that need no build.
///
/// # Errors
/// When the source is wrong or an answer cannot be written.
pub fn from_source(
    context: &Context,
    selection: &Selection,
    requests: &[EmitRequest],
) -> Result<u8, Error> {
    let plan = context.plan(selection)?;
    answer_all(context, selection, &plan, requests)?;
    Ok(exit_code::SUCCESS)
}

/// Answers requests after a build.
///
/// # Errors
/// As [`from_source`]; also when the driver has left nothing.
pub fn after_build(
    context: &Context,
    selection: &Selection,
    plan: &PlanFile,
    requests: &[EmitRequest],
) -> Result<(), Error> {
    answer_all(context, selection, plan, requests)
}

/// Where the generated files of a program lie, and how it is made.
#[must_use]
pub fn layout(context: &Context, plan: &PlanFile, program: &RootTarget) -> (Layout, Recipe) {
    let member = context.project.workspace.member(&program.package);
    let dir = member.and_then(|member| member.manifest_path.parent());
    let recipe = dir.map_or(&plan.recipe, |dir| plan.recipe_for(dir)).clone();
    let package = member
        .map(|member| member.name.as_str())
        .unwrap_or_default();
    (
        Layout::new(
            &context.emit_dir(),
            package,
            program,
            &recipe,
            !plan.trim.is_empty(),
        ),
        recipe,
    )
}

fn answer_all(
    context: &Context,
    selection: &Selection,
    plan: &PlanFile,
    requests: &[EmitRequest],
) -> Result<(), Error> {
    if selection.programs.is_empty() {
        return Err(Error::EmitNothing);
    }
    for request in requests {
        if let (EmitTo::Path(path), count @ 2..) = (&request.to, selection.programs.len()) {
            return Err(Error::EmitSeveral {
                kind: request.kind.to_string(),
                path: path.clone(),
                count,
            });
        }
    }
    let several = selection.programs.len() > 1;
    for program in &selection.programs {
        let mut answers = Answers {
            context,
            plan,
            program,
            made: None,
        };
        for request in requests {
            if several && request.kind == EmitKind::Inittask {
                print(format!("{} {}:\n", kind_name(program.kind), program.name).as_bytes())?;
            }
            answers.answer(request)?;
        }
    }
    Ok(())
}

/// The answers about one program.
struct Answers<'a> {
    context: &'a Context,
    plan: &'a PlanFile,
    program: &'a RootTarget,
    made: Option<(RuntimeGraph, Plan)>,
}

impl Answers<'_> {
    fn answer(&mut self, request: &EmitRequest) -> Result<(), Error> {
        let (layout, recipe) = layout(self.context, self.plan, self.program);
        match request.kind {
            EmitKind::Inittask => give(&request.to, report::table(&self.made()?.1).as_bytes()),
            EmitKind::InittaskJson => give(&request.to, report::json(&self.made()?.1).as_bytes()),
            EmitKind::Graph => {
                let svg = matches!(&request.to, EmitTo::Path(path) if path.extension().is_some_and(|e| e == "svg"));
                let (crates, plan) = self.made()?;
                let text = if svg {
                    report::svg(crates, plan)
                } else {
                    report::dot(crates, plan)
                };
                give(&request.to, text.as_bytes())
            }
            EmitKind::Rt0 => {
                let sources = render(&Config {
                    goamd64: recipe.settings.goamd64,
                });
                let text: String = sources.into_iter().map(|source| source.text).collect();
                give(&request.to, text.as_bytes())
            }
            EmitKind::MainPc => {
                give_object(&request.to, &layout.own("mainpc.o"), &emit::main_pc()?)
            }
            EmitKind::Obj => give_objects(&request.to, &layout),
            EmitKind::LinkArgs => give(&request.to, &built(request.kind, &layout.link_args())?),
            EmitKind::Stamps => give(&request.to, &built(request.kind, &layout.stamps())?),
            EmitKind::Blocking => give(&request.to, blocking(&layout)?.as_bytes()),
        }
    }

    /// The crates and the plan from the source, made once.
    fn made(&mut self) -> Result<&(RuntimeGraph, Plan), Error> {
        let made = match self.made.take() {
            Some(made) => made,
            None => self.make()?,
        };
        Ok(self.made.insert(made))
    }

    fn make(&self) -> Result<(RuntimeGraph, Plan), Error> {
        let made = self.context.plan_from_source(self.program);
        let (crates, plan) = made.map_err(Error::Diagnostics)?;
        for warning in &plan.warnings {
            self.context.shell.rendered(&warning.render(true));
        }
        Ok((crates, plan))
    }
}

fn give(to: &EmitTo, content: &[u8]) -> Result<(), Error> {
    match to {
        EmitTo::Default | EmitTo::Stdout => print(content),
        EmitTo::Path(path) => write(path, content),
    }
}

fn give_object(to: &EmitTo, default: &Path, content: &[u8]) -> Result<(), Error> {
    match to {
        EmitTo::Default => {
            write(default, content)?;
            print(format!("{}\n", default.display()).as_bytes())
        }
        _ => give(to, content),
    }
}

fn give_objects(to: &EmitTo, layout: &Layout) -> Result<(), Error> {
    for (name, path) in layout.objects(&EmittedObjects::NAMES) {
        let content = built(EmitKind::Obj, &path)?;
        match to {
            EmitTo::Default => print(format!("{}\n", path.display()).as_bytes())?,
            EmitTo::Stdout => print(&content)?,
            EmitTo::Path(dir) => write(&dir.join(name), &content)?,
        }
    }
    Ok(())
}

/// Which calls of the program wait.
fn blocking(layout: &Layout) -> Result<String, Error> {
    let linked = built(EmitKind::Blocking, &layout.linked())?;
    let mut paths = linked
        .split(|&byte| byte == b'\n')
        .filter(|line| !line.is_empty())
        .map(|line| Path::new(OsStr::from_bytes(line)));
    let program = paths.next().unwrap_or(Path::new(""));
    let content = built(EmitKind::Blocking, program)?;
    let mut foreign = BTreeMap::new();
    for path in paths {
        let Some(crate_name) = crate_name(path) else {
            continue;
        };
        let functions = blocking::c_functions(&built(EmitKind::Blocking, path)?);
        let functions = functions.map_err(|source| Error::EmitCalls {
            path: path.into(),
            source: source.into(),
        })?;
        let named = functions
            .into_iter()
            .map(|function| (function, crate_name.to_owned()));
        foreign.extend(named);
    }
    let calls = blocking::calls(&content, &foreign).map_err(|source| Error::EmitCalls {
        path: program.into(),
        source,
    })?;
    Ok(blocking::text(&calls))
}

/// A file that the driver has written.
fn built(kind: EmitKind, path: &Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|_| Error::EmitMissing {
        kind: kind.to_string(),
        path: path.into(),
    })
}

fn write(path: &Path, content: &[u8]) -> Result<(), Error> {
    files::write_whole(path, content).map_err(|source| Error::Write {
        path: path.into(),
        source,
    })
}

fn print(content: &[u8]) -> Result<(), Error> {
    shell::answer(content).map_err(Error::Stdout)
}
