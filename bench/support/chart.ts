/**
 * Charts as SVG text, drawn by Apache ECharts on the server side, without a browser. The same input gives
 * the same text: nothing moves, nothing is named after the moment. All stand on white with dark
 * letters, so that they read on a light page and on a dark one.
 */
import type { EChartsOption } from "echarts";

import { init, setPlatformAPI } from "echarts";

/** Okabe and Ito's colours, which people with any kind of colour blindness tell apart, and two more. */
const COLOURS = [
  "#0072B2",
  "#E69F00",
  "#009E73",
  "#D55E00",
  "#CC79A7",
  "#56B4E9",
  "#7F7F7F",
  "#000000",
  "#8B5A2B",
];
const TARGET_COLOUR = "#C00000";
const TEXT_COLOUR = "#222222";
const GRID_COLOUR = "#DDDDDD";
/** Pixels, as wide as the column of text that shows it. */
const WIDTH = 840;
const FONT = { fontFamily: "sans-serif", fontSize: 12, color: TEXT_COLOUR };
/** Pixels of the field with the lines. */
const LINES_HEIGHT = 320;
/** Pixels of one bar, and of the space around each group of them. */
const BAR_HEIGHT = 16;
const GROUP_GAP = 16;
/** Pixels for the title, for a row of the legend, and for the axis below. */
const TITLE_HEIGHT = 54;
const LEGEND_ROW_HEIGHT = 22;
const FOOT_HEIGHT = 60;
/** Pixels of a legend's entry beside its text: the sign before it, the gap behind it. */
const LEGEND_SIGN_WIDTH = 48;
/** Width of a letter of a wide sans-serif font, in font sizes: what shows the chart has its own font. */
const LETTER_WIDTH = 0.6;

// Without a canvas there is nothing to measure text with, and what ECharts assumes then is too little.
setPlatformAPI({
  measureText: (text, font = "") => {
    const fontSize = Number(/([\d.]+)px/.exec(font)?.[1] ?? FONT.fontSize);
    return { width: text.length * LETTER_WIDTH * fontSize };
  },
});

/** A value that is not there: the case could not be measured, or cannot be done. */
type Value = number | undefined;

/** What both kinds of series have. */
interface Series {
  readonly name: string;
  /** From 0 on, so that charts that show some of the same things show them alike. Default: its place. */
  readonly colour?: number;
}

/** What both kinds of chart say. */
interface Chart {
  readonly title: string;
  /** What the values are, with their unit. */
  readonly valueName: string;
  /** How a value is written beside its bar and at the axis. */
  readonly show: (value: number) => string;
  readonly isLogarithmic?: boolean;
}

/** Bars in groups: one group a case, in it one bar a series. */
export interface BarChart extends Chart {
  /** From top to bottom. */
  readonly cases: readonly string[];
  readonly series: readonly (Series & {
    /** One a case. */
    readonly values: readonly Value[];
  })[];
  /** One a case; marked with a line across its group. */
  readonly targets?: readonly Value[];
}

/** Lines over numbers. */
export interface LineChart extends Chart {
  /** What the numbers at the bottom are, with their unit. */
  readonly overName: string;
  readonly showOver?: (value: number) => string;
  readonly isOverLogarithmic?: boolean;
  readonly series: readonly (Series & {
    /** From left to right, each `[over, value]`. */
    readonly points: readonly (readonly [number, number])[];
    /** For lines that are no measurement: a target, an ideal. */
    readonly isDashed?: boolean;
  })[];
}

/** Bars that lie, with the names of the cases at the left. */
export function barChart(chart: BarChart): string {
  const { cases, series, targets } = chart;
  const groupHeight = series.length * BAR_HEIGHT + GROUP_GAP;
  const values = [...series.flatMap((one) => one.values), ...(targets ?? [])].filter(isNumber);
  const names = [...series.map(({ name }) => name), ...(targets ? ["target"] : [])];
  // The smallest bar needs a length.
  const lowest = Math.min(...values.filter((value) => value > 0)) / 2;
  return draw(cases.length * groupHeight + headHeightOf(names) + FOOT_HEIGHT, {
    ...headOf(chart, names),
    xAxis: valueAxisOf(chart, [...values, lowest]),
    yAxis: {
      type: "category",
      data: [...cases],
      inverse: true,
      axisLabel: FONT,
      axisTick: { show: false },
    },
    series: [
      ...series.map(({ name, values, colour }, index) => ({
        type: "bar" as const,
        name,
        itemStyle: { color: colourOf(colour ?? index) },
        data: values.map((value) => value ?? "-"),
        barMaxWidth: BAR_HEIGHT,
        label: {
          ...FONT,
          fontSize: 11,
          show: true,
          position: "right" as const,
          formatter: ({ value }: { value: unknown }) => (isNumber(value) ? chart.show(value) : ""),
        },
      })),
      ...(targets
        ? [
            {
              type: "scatter" as const,
              name: "target",
              data: targets.map((value, index) => [value ?? "-", index]),
              symbol: "rect",
              symbolSize: [2, groupHeight - GROUP_GAP / 2],
              itemStyle: { color: TARGET_COLOUR },
              z: 3,
            },
          ]
        : []),
    ],
  });
}

/** Lines with a dot at each measurement. */
export function lineChart(chart: LineChart): string {
  const { series, overName, showOver = String, isOverLogarithmic = false } = chart;
  const points = series.flatMap((one) => one.points);
  const names = series.map(({ name }) => name);
  return draw(LINES_HEIGHT + headHeightOf(names) + FOOT_HEIGHT, {
    ...headOf(chart, names),
    xAxis: {
      ...axisOf(
        isOverLogarithmic,
        points.map(([over]) => over),
      ),
      ...axisNameOf(overName),
      axisLabel: { ...FONT, formatter: showOver },
    },
    yAxis: {
      ...valueAxisOf(
        chart,
        points.map(([, value]) => value),
      ),
      nameLocation: "end" as const,
      nameGap: 14,
      nameTextStyle: { ...FONT, align: "left" },
    },
    series: series.map(({ name, points, colour, isDashed = false }, index) => ({
      type: "line" as const,
      name,
      itemStyle: { color: isDashed ? TARGET_COLOUR : colourOf(colour ?? index) },
      data: points.map(([over, value]) => [over, value]),
      symbol: isDashed ? "none" : "circle",
      symbolSize: 6,
      lineStyle: {
        width: isDashed ? 1 : 2,
        type: isDashed ? ("dashed" as const) : ("solid" as const),
      },
    })),
  });
}

function colourOf(index: number): string {
  return COLOURS[index % COLOURS.length] ?? TEXT_COLOUR;
}

function headHeightOf(names: readonly string[]): number {
  const letters = names.reduce((sum, { length }) => sum + length, 0);
  const width = letters * LETTER_WIDTH * FONT.fontSize + names.length * LEGEND_SIGN_WIDTH;
  // One more than the width says, where rows break early.
  const rows = width < WIDTH ? 1 : Math.ceil(width / WIDTH + 0.5);
  return TITLE_HEIGHT + rows * LEGEND_ROW_HEIGHT;
}

function headOf({ title }: Chart, names: readonly string[]): EChartsOption {
  return {
    animation: false,
    silent: true,
    backgroundColor: "#FFFFFF",
    textStyle: FONT,
    title: { text: title, left: 16, top: 10, textStyle: { ...FONT, fontSize: 15 } },
    legend: { data: [...names], left: 12, top: 38, itemGap: 14, textStyle: FONT },
    grid: { left: 16, right: 72, top: headHeightOf(names) + 16, bottom: 34, containLabel: true },
  };
}

function valueAxisOf({ valueName, show, isLogarithmic = false }: Chart, values: readonly number[]) {
  return {
    ...axisOf(isLogarithmic, values),
    ...axisNameOf(valueName),
    axisLabel: { ...FONT, formatter: show },
  };
}

function axisNameOf(name: string) {
  return { name, nameLocation: "middle" as const, nameGap: 30, nameTextStyle: FONT };
}

/** A logarithmic axis runs between powers of ten: it has no zero to begin at. */
function axisOf(isLogarithmic: boolean, values: readonly number[]) {
  const splitLine = { lineStyle: { color: GRID_COLOUR } };
  if (!isLogarithmic) return { type: "value" as const, splitLine };
  const positive = values.filter((value) => value > 0);
  return {
    type: "log" as const,
    min: 10 ** Math.floor(Math.log10(Math.min(...positive))),
    max: 10 ** Math.ceil(Math.log10(Math.max(...positive))),
    splitLine,
  };
}

function draw(height: number, option: EChartsOption): string {
  const chart = init(null, null, { renderer: "svg", ssr: true, width: WIDTH, height });
  try {
    chart.setOption(option);
    return stable(chart.renderToSVGString());
  } finally {
    chart.dispose();
  }
}

/**
 * Without what ECharts adds for a mouse: an image has none, and the classes are named after how many were
 * made in this process before.
 */
function stable(svg: string): string {
  const still = svg
    .replaceAll(/<style[^>]*>.*?<\/style>\n?/gs, "")
    .replaceAll(/ class="[^"]*"/g, "");
  return `${still.replaceAll(/\bzr\d+-/g, "zr-").trimEnd()}\n`;
}

function isNumber(value: unknown): value is number {
  return typeof value === "number";
}
