//! `-n`: the steps of a build, without doing them.

use gobuild_codegen::emit::EmittedObjects;
use gobuild_codegen::model::RootTarget;

use super::context::Context;
use super::emit::layout;
use crate::invocation::Invocation;
use crate::linker::layout::kind_name;
use crate::plan_file::PlanFile;
use crate::selection::Selection;
use crate::shell;

/// Prints the call of cargo, then for each program what the linker driver does when rustc calls it.
pub fn show(context: &Context, selection: &Selection, plan: &PlanFile, invocation: &Invocation) {
    let shell = &context.shell;
    shell.step(&format!("cd {}", shell::quoted([&context.dir])));
    shell.step(&invocation.shown());
    for program in &selection.programs {
        for line in steps(context, plan, program) {
            shell.step(&line);
        }
    }
}

fn steps(context: &Context, plan: &PlanFile, program: &RootTarget) -> Vec<String> {
    let (layout, recipe) = layout(context, plan, program);
    let mut lines = vec![format!(
        "# when rustc links {} {}, through cargo-gobuild:",
        kind_name(program.kind),
        program.name
    )];
    lines.extend(
        layout
            .jobs
            .iter()
            .map(|job| shell::quoted(job.command_line(&job.object))),
    );
    lines.push(match std::fs::read_to_string(layout.link_args()) {
        Ok(last) => format!("# as it was linked last:\n{}", last.trim_end()),
        Err(_) => {
            let objects = layout.objects(&EmittedObjects::NAMES);
            let objects = shell::quoted(objects.iter().map(|(_, path)| path));
            let compiler = shell::quoted([&recipe.link.compiler]);
            format!(
                "{compiler} {objects} <objects, libraries and options from rustc> -Wl,-e,{}",
                rtlib_abi::symbol::ENTRY
            )
        }
    });
    lines
}
