"""What can be done: LangChain tools, each with a ToolSpec that says how it may be used."""
