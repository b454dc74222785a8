"""The command line: zhiheng init, serve, worker, doctor for the product; run and why for a folder; demo; pack."""

import typer

from zhiheng import __version__
from zhiheng.commands import accounts, audit, demo, doctor, init, keys, pack, run, screen, serve

app = typer.Typer(
    name="zhiheng",
    help="质衡：特定(单)病种质量监测与上报。从一个文件夹的记录出发，找出病例、填表、核查、计算指标，处处给出依据。",
    no_args_is_help=True,
    rich_markup_mode="rich",
    pretty_exceptions_show_locals=False,  # locals hold patients' data
    add_completion=False,
)
app.command()(init.init)
app.command()(serve.serve)
app.command()(serve.worker)
app.command()(doctor.doctor)
app.command()(screen.screen)
app.command()(run.run)
app.command()(run.why)
app.command()(demo.demo)
app.command("demo-data")(demo.demo_data)
app.add_typer(pack.app, name="pack")
app.add_typer(accounts.app, name="accounts")
app.add_typer(audit.app, name="audit")
app.add_typer(keys.app, name="keys")


@app.callback(invoke_without_command=True)
def version(show: bool = typer.Option(False, "--version", help="显示版本")) -> None:
    """Print the version, where it is asked for."""
    if show:
        typer.echo(__version__)
        raise typer.Exit


if __name__ == "__main__":
    app()
