"""Tools of other frameworks and protocols as ToolSpecs. Each bridge needs the extra of its name, imported when used."""
