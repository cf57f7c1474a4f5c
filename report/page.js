// SPDX-License-Identifier: MIT
// Draws the charts that report/page.cpp described in <script id="charts">, in the colours of the
// page's style sheet, and again when the browser changes between light and dark.
(() => {
  "use strict";
  const color = (name) => getComputedStyle(document.documentElement).getPropertyValue(name).trim();
  const series = (index) => color(`--series-${index % 8}`);
  const calm = matchMedia("(prefers-reduced-motion: reduce)").matches;
  const round = (value) => Number(value.toPrecision(3)).toString();
  const said = (name, value, range) =>
    `${name}: ${round(value)}${range ? ` (${range.map(round).join(" to ")})` : ""}`;

  // A rule across the chart, and behind the data.
  const rule = (value) => ({
    id: "rule",
    beforeDatasetsDraw({ ctx, chartArea, scales }) {
      if (value === null) return;
      const y = scales.y.getPixelForValue(value);
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
  });

  // Bars of spread: of(dataset's index, chart) gives [color, [[place across, low, high], ...]] in
  // pixels; `lying` ones run along x.
  const spreads = (count, lying, of) => ({
    id: "spreads",
    afterDatasetsDraw(chart) {
      const { ctx, chartArea } = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left - 1, chartArea.top, chartArea.width + 2, chartArea.height);
      ctx.clip();
      ctx.lineWidth = 1.5;
      for (let index = 0; index < count; ++index) {
        if (!chart.isDatasetVisible(index)) continue;
        const [stroke, bars] = of(index, chart);
        ctx.strokeStyle = stroke;
        for (const [across, low, high] of bars) {
          ctx.beginPath();
          ctx.moveTo(...(lying ? [low, across] : [across, low]));
          ctx.lineTo(...(lying ? [high, across] : [across, high]));
          ctx.stroke();
        }
      }
      ctx.restore();
    },
  });

  // Areas between the low and the high ends of the points of a line, behind the data.
  const bands = (lines) => ({
    id: "bands",
    beforeDatasetsDraw(chart) {
      const { ctx, chartArea, scales } = chart;
      ctx.save();
      ctx.beginPath();
      ctx.rect(chartArea.left, chartArea.top, chartArea.width, chartArea.height);
      ctx.clip();
      ctx.globalAlpha = 0.18;
      lines.forEach(({ band, points }, index) => {
        if (!band || !points.length || !chart.isDatasetVisible(index)) return;
        const place = (end) => (p) => [scales.x.getPixelForValue(p.x), scales.y.getPixelForValue(p[end])];
        ctx.fillStyle = series(index);
        ctx.beginPath();
        [...points.map(place("low")), ...points.map(place("high")).reverse()].forEach((at) => ctx.lineTo(...at));
        ctx.fill();
      });
      ctx.restore();
    },
  });

  // A title in as many lines as it needs beside its axis, whose length is what the rest of the chart leaves.
  const folded = (title) => ({ chart, scale }) => {
    const length = scale.axis === "y" ? chart.height - (chart.legend?.height ?? 0) - 60 : chart.width - 80;
    chart.ctx.save();
    chart.ctx.font = `${Chart.defaults.font.size}px ${Chart.defaults.font.family}`;
    const lines = title.split(" ").reduce((done, word) => {
      const longer = done.length ? `${done.at(-1)} ${word}` : word;
      return !done.length || chart.ctx.measureText(longer).width <= length ? [...done.slice(0, -1), longer] : [...done, word];
    }, []);
    chart.ctx.restore();
    return lines;
  };

  const axis = (title, logarithmic) => ({
    type: logarithmic ? "logarithmic" : "linear",
    title: { display: true, text: folded(title), color: color("--text") },
    grid: { color: color("--rule") },
    border: { color: color("--rule") },
    ticks: { color: color("--faint"), ...(logarithmic && { callback: round }) },
  });

  // Of a logarithmic axis ticks at 1, 2 and 5 of each power of ten, where that leaves enough of them.
  const fewer = (scale) => {
    const kept = scale.ticks.filter(({ value }) => {
      const leading = value / 10 ** Math.floor(Math.log10(value) + 1e-9);
      return [1, 2, 5].some((digit) => Math.abs(leading - digit) < 1e-6);
    });
    if (kept.length >= 3) scale.ticks = kept;
  };

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
    y.beginAtZero = description.zero_y;
    const named = new Map(description.x_ticks);
    const name = (value) => named.get(value) ?? round(value);
    if (named.size) {
      const ticks = [...named.keys()];
      x.min = Math.min(...ticks);
      x.max = Math.max(...ticks);
      if (x.min === x.max) {  // an axis without length shows nothing
        x.min = description.log_x ? x.min / 2 : x.min - 0.5;
        x.max = description.log_x ? x.max * 2 : x.max + 0.5;
      }
      x.afterBuildTicks = (scale) => { scale.ticks = ticks.map((value) => ({ value })); };
      x.ticks.callback = name;
      x.ticks.autoSkip = true;
    } else if (description.log_x) {
      x.afterBuildTicks = fewer;
    }
    const points = description.lines.flatMap((line) => line.points);
    const places = new Set(points.map((p) => p.x));
    if (!named.size && !description.log_x && places.size === 1) {  // in the middle, and no energy below 0
      const [only] = places;
      [x.min, x.max] = only ? [Math.min(0, 2 * only), Math.max(0, 2 * only)] : [-1, 1];
    }
    const values = points.flatMap(({ low, high }) => [low, high]);
    if (description.reference !== null) values.push(description.reference);
    if (!description.log_y) {
      // As far as the spread goes, but not so far that the points lie in a line: its bars then leave the chart.
      const [least, most] = [Math.min(...points.map((p) => p.y)), Math.max(...points.map((p) => p.y))];
      const room = Math.max(most - least, Math.abs(most) / 2);
      y.suggestedMin = Math.max(least - room, Math.min(...values));
      y.suggestedMax = Math.min(most + room, Math.max(...values));
      if (description.reference !== null) {
        y.suggestedMin = Math.min(y.suggestedMin, description.reference);
        y.suggestedMax = Math.max(y.suggestedMax, description.reference);
      }
    } else {
      // As far as the values and their spread go, and a little further.
      y.min = 0.9 * Math.min(...values);
      y.max = 1.1 * Math.max(...values);
      y.afterBuildTicks = fewer;
    }
    const whiskers = (index, { scales }) => [
      series(index),
      description.lines[index].points
        .filter(({ low, high }) => low !== high && !description.lines[index].band)
        .map((p) => [scales.x.getPixelForValue(p.x), ...[p.low, p.high].map((v) => scales.y.getPixelForValue(v))]),
    ];
    const set = options(x, y, narrow);
    set.plugins.tooltip = {
      callbacks: {
        title: (items) => (items.length ? name(items[0].parsed.x) : ""),
        label: ({ dataset, raw }) => said(dataset.label, raw.y, raw.low === raw.high ? null : [raw.low, raw.high]),
      },
    };
    return {
      type: "line",
      data: {
        datasets: description.lines.map((line, index) => ({
          label: line.name,
          data: line.points,
          borderColor: line.faint ? color("--faint") : series(index),
          backgroundColor: line.faint ? color("--faint") : series(index),
          borderWidth: 2,
          borderDash: line.dashed ? [6, 4] : [],
          pointRadius: line.marks ? (line.faint ? 1 : 3) : 0,
          clip: 6,  // marks at the edge are whole
          segment: { borderColor: ({ p1DataIndex }) => (line.points[p1DataIndex].apart ? "transparent" : undefined) },
          pointStyle: ["circle", "triangle", "rect", "rectRot"][index % 4],
        })),
      },
      options: set,
      plugins: [rule(description.reference), bands(description.lines), spreads(description.lines.length, false, whiskers)],
    };
  };

  const bars = (description, narrow) => {
    const { groups, lying, stacked } = description;
    const category = {
      ...axis(description.category_title, false),
      type: "category",
      stacked,
      grid: { display: false },
      ticks: { color: color("--text"), autoSkip: !lying },
    };
    category.title.display = description.category_title !== "";
    if (lying && narrow) {  // names may take a third of the chart
      category.ticks.callback = (index) => {
        const name = description.categories[index];
        return name.length > 18 ? `${name.slice(0, 17)}\u2026` : name;
      };
    }
    const ends = groups.flatMap((group) => group.spreads.filter((spread) => spread).flat());
    const values = { ...axis(description.value_title, false), beginAtZero: true, stacked };
    if (ends.length) values.suggestedMin = Math.min(0, ...ends);
    if (ends.length) values.suggestedMax = Math.max(...ends);
    const shade = (index) => series(groups[index].color ?? index);
    const set = lying ? options(values, category, narrow) : options(category, values, narrow);
    set.indexAxis = lying ? "y" : "x";
    set.interaction = { mode: "index", axis: set.indexAxis, intersect: false };
    set.plugins.tooltip = {
      callbacks: {
        label: ({ dataset, raw, datasetIndex, dataIndex }) =>
          said(dataset.label, raw, groups[datasetIndex].spreads[dataIndex] ?? null),
      },
    };
    const whiskers = (index, chart) => {
      const scale = lying ? chart.scales.x : chart.scales.y;
      const drawn = chart.getDatasetMeta(index).data;
      const ranges = groups[index].spreads.map((spread, at) => [drawn[at], spread]).filter(([, spread]) => spread);
      return [
        color("--text"),
        ranges.map(([bar, spread]) => [lying ? bar.y : bar.x, ...spread.map((end) => scale.getPixelForValue(end))]),
      ];
    };
    return {
      type: "bar",
      data: {
        labels: description.categories,
        datasets: groups.map((group, index) => ({
          label: group.name,
          data: group.values,
          backgroundColor: shade(index),
          maxBarThickness: lying ? 18 : 60,
        })),
      },
      options: set,
      plugins: [spreads(groups.length, lying, whiskers)],
    };
  };

  const radar = ({ directions, things }, narrow) => {
    const set = options({}, {}, narrow);
    delete set.interaction;
    set.scales = {
      r: {
        min: 0,
        max: 1,
        grid: { color: color("--rule") },
        angleLines: { color: color("--rule") },
        pointLabels: { color: color("--text") },
        ticks: { display: false },
      },
    };
    return {
      type: "radar",
      data: {
        labels: directions,
        datasets: things.map((thing, index) => ({
          label: thing.name,
          data: thing.shares,
          borderColor: series(index),
          backgroundColor: "transparent",
          pointBackgroundColor: series(index),
          borderWidth: 2,
          pointRadius: 3,
        })),
      },
      options: set,
    };
  };

  const kinds = { lines, bars, radar };
  const descriptions = JSON.parse(document.getElementById("charts").textContent);
  let drawn = [];
  const draw = () => {
    const narrow = matchMedia("(max-width: 40rem)").matches;
    drawn.forEach((chart) => chart.destroy());
    drawn = descriptions.map((description, index) => {
      const configuration = kinds[description.kind](description, narrow);
      return new Chart(document.getElementById(`chart-${index}`), configuration);
    });
  };
  draw();
  matchMedia("(prefers-color-scheme: dark)").addEventListener("change", draw);
  matchMedia("(max-width: 40rem)").addEventListener("change", draw);
})();
