"""Pictures and tables of derivatives: evaluation traces, graphs, formulas."""
