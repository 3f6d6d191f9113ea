"""The parts of the page Compare: what is compared, sliders, differences, maps and figures side by side."""
