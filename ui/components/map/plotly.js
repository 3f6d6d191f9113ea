// Plotly.js, fetched once for all that draw with it.

let plotly = null;

/** Resolves to Plotly, from the address that ui/server.py gives. */
export function loadPlotly(address) {
  plotly ??= new Promise((ready, failed) => {
    if (window.Plotly) return ready(window.Plotly);
    const script = document.createElement("script");
    script.src = address;
    script.onload = () => ready(window.Plotly);
    script.onerror = () => {
      plotly = null;
      failed(new Error("The drawing library could not be fetched; reload the page."));
    };
    document.head.append(script);
  });
  return plotly;
}
