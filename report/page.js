// SPDX-License-Identifier: MIT
// Draws the charts that report/page.cpp described in <script id="charts">, in the colours of the
// page's style sheet, and again when the browser changes between light and dark.
(() => {
  "use strict";
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const series = (index) => color(`--series-${index % 8}`);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const round = (value) => Number(value.toPrecision(3)).toString();

  // The spread of each point as a vertical bar, and a rule across the chart.
  const overlays = (description) => ({
    id: "overlays",
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      if (description.reference === null) return;
      const y = scales.y.getPixelForValue(description.reference);
      if (y < chartArea.top || y > chartArea.bottom) return;
      ctx.save();
      ctx.strokeStyle = color("--faint");
      ctx.lineWidth = 1.5;
      ctx.beginPath();
      ctx.moveTo(chartArea.left, y);
      ctx.lineTo(chartArea.right, y);
      ctx.stroke();
      ctx.restore();
    },
    afterDatasetsDraw(chart) {
      const { ctx, scales } = chart;
      ctx.save();
      ctx.lineWidth = 1.5;
      description.lines.forEach((line, index) => {
        if (!chart.isDatasetVisible(index)) return;
        ctx.strokeStyle = series(index);
        for (const point of line.points) {
          const x = scales.x.getPixelForValue(point.x);
          ctx.beginPath();
          ctx.moveTo(x, scales.y.getPixelForValue(point.low));
          ctx.lineTo(x, scales.y.getPixelForValue(point.high));
          ctx.stroke();
        }
      });
      ctx.restore();
    },
  });

  const axis = (title, logarithmic) => ({
    type: logarithmic ? "logarithmic" : "linear",
    title: { display: true, text: title, color: color("--text") },
    grid: { color: color("--rule") },
    border: { color: color("--rule") },
    ticks: { color: color("--faint"), callback: round },
  });

  const options = (x, y, narrow) => ({
    animation: calm ? false : { duration: 300 },
    responsive: true,
    maintainAspectRatio: false,
    interaction: { mode: "nearest", axis: "x", intersect: false },
    scales: { x, y },
    plugins: {
      legend: {
        position: narrow ? "bottom" : "top",
        align: "start",
        labels: { color: color("--text"), usePointStyle: true, boxHeight: 7 },
      },
    },
  });

  const lines = (description, narrow) => {
    const x = axis(description.x_title, description.log_x);
    const y = axis(description.y_title, description.log_y);
    x.reverse = description.falling_x;
    const named = new Map(description.x_ticks);
    const name = (value) => named.get(value) ?? round(value);
    if (named.size) {
      const places = [...named.keys()];
      x.min = Math.min(...places);
      x.max = Math.max(...places);
      x.afterBuildTicks = (scale) => { scale.ticks = places.map((value) => ({ value })); };
      x.ticks.callback = name;
      x.ticks.autoSkip = true;
    }
    if (description.log_y) {
      // As far as the values and their spread go, and a little further.
      const values = description.lines.flatMap((line) => line.points.flatMap(({ low, high }) => [low, high]));
      if (description.reference !== null) values.push(description.reference);
      y.min = 0.9 * Math.min(...values);
      y.max = 1.1 * Math.max(...values);
      // Ticks at 1, 2 and 5 of each power of ten, where that leaves enough of them.
      const rounded = ({ value }) => {
        const leading = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
        return [1, 2, 5].some((digit) => Math.abs(leading - digit) < 1e-6);
      };
      y.afterBuildTicks = (scale) => {
        const kept = scale.ticks.filter(rounded);
        if (kept.length >= 3) scale.ticks = kept;
      };
    }
    const set = options(x, y, narrow);
    set.plugins.tooltip = {
      callbacks: {
        title: (items) => (items.length ? name(items[0].parsed.x) : ""),
        label: ({ dataset, raw }) => `${dataset.label}: ${round(raw.y)} (${round(raw.low)} to ${round(raw.high)})`,
      },
    };
    return {
      type: "line",
      data: {
        datasets: description.lines.map((line, index) => ({
          label: line.name,
          data: line.points,
          borderColor: series(index),
          backgroundColor: series(index),
          borderWidth: 2,
          borderDash: line.dashed ? [6, 4] : [],
          pointRadius: 3,
          pointStyle: ["circle", "triangle", "rect", "rectRot"][index % 4],
        })),
      },
      options: set,
      plugins: [overlays(description)],
    };
  };

  const bars = (description, narrow) => {
    const x = axis("", false);
    x.type = "category";
    delete x.ticks.callback;
    x.title.display = false;
    const set = options(x, { ...axis(description.y_title, false), beginAtZero: true }, narrow);
    return {
      type: "bar",
      data: {
        labels: description.categories,
        datasets: description.groups.map((group, index) => ({
          label: group.name,
          data: group.values,
          backgroundColor: series(index),
          maxBarThickness: 60,
        })),
      },
      options: set,
    };
  };

  const descriptions = JSON.parse(document.getElementById("charts").textContent);
  let drawn = [];
  const draw = () => {
    const narrow = matchMedia("(max-width: 40rem)").matches;
    drawn.forEach((chart) => chart.destroy());
    drawn = descriptions.map((description, index) => {
      const configuration = description.kind === "lines" ? lines(description, narrow) : bars(description, narrow);
      return new Chart(document.getElementById(`chart-${index}`), configuration);
    });
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("(max-width: 40rem)").addEventListener("change", draw);
})();
