'use client';
import { useId, useState } from 'react';
import type { ChartFace, ChartRow } from './ban-types.ts';
import { bansText as words } from '../_text/bans.ts';

/** The highest bar, and what stands above it: px. */
const tall = 114;
const room = 18;
const least = 22;

/** Two lines at round numbers, the upper not above the highest bar. */
function ticksOf(most: number): number[] {
  if (most < 4) return [];
  const rough = most / 2;
  const ten = 10 ** Math.floor(Math.log10(rough));
  const step = ten * ([5, 2, 1].find((times) => times * ten <= rough) ?? 1);
  return [step, 2 * step].filter((tick) => tick <= most);
}

/** Bars of equal times, one row a jail or kind, all rows on one scale; and the same as a table. */
export function BarChart({ chart, small = false }: { chart: ChartFace; small?: boolean }) {
  const [table, setTable] = useState(false);
  const id = useId();
  const most = Math.max(1, ...chart.rows.flatMap(({ counts }) => counts));
  const unit = (small ? 44 : tall) / most;
  return (
    <figure className="chart" aria-labelledby={id}>
      <figcaption>
        <h2 className="h2" id={id}>
          {chart.what}
        </h2>
        <button type="button" className="link sub" onClick={() => setTable(!table)}>
          {table ? words.asChart : words.asTable}
        </button>
      </figcaption>
      {table ? (
        <ChartTable chart={chart} />
      ) : (
        <>
          {chart.rows.map((row) => (
            <Bars
              key={row.key}
              row={row}
              chart={chart}
              unit={unit}
              ticks={row.key === chart.peak?.row && !small ? ticksOf(most) : []}
            />
          ))}
          <div className="cr axis num" aria-hidden="true">
            <span />
            <span className="xs">
              {chart.axis.map(([slot, label]) => (
                <span key={slot}>{label}</span>
              ))}
              <span className={chart.harm ? 'red b' : 'ink b'}>{chart.now}</span>
            </span>
            <span>{words.inAll}</span>
          </div>
        </>
      )}
      {chart.note !== undefined && <p className="sub">{chart.note}</p>}
    </figure>
  );
}

function Bars({
  row,
  chart,
  unit,
  ticks,
}: {
  row: ChartRow;
  chart: ChartFace;
  unit: number;
  ticks: readonly number[];
}) {
  const { counts } = row;
  const { words: written = String } = chart;
  const most = Math.max(0, ...counts);
  const peak = chart.peak?.row === row.key ? chart.peak : undefined;
  const height = Math.max(least, Math.ceil(most * unit) + (peak === undefined ? 2 : room));
  const foot = height - 1;
  const slot = 100 / Math.max(1, counts.length);
  const late = peak !== undefined && peak.slot > counts.length * 0.6;
  return (
    <div className="cr">
      <bdi className={row.mono ? 'mono' : 'kind'}>{row.label}</bdi>
      <svg
        width="100%"
        height={height}
        role="img"
        aria-label={words.rowLabel(row.label, chart.what, written(most))}
      >
        {ticks.map((tick) => (
          <g key={tick}>
            <line className="grid" x1="0" x2="100%" y1={foot - tick * unit} y2={foot - tick * unit} />
            <text className="ax" x="2" y={foot - tick * unit - 5}>
              {written(tick)}
            </text>
          </g>
        ))}
        <line className="base" x1="0" x2="100%" y1={height - 0.5} y2={height - 0.5} />
        {counts.map((count, i) =>
          count === 0 ? null : (
            <rect
              key={i}
              className={i === counts.length - 1 ? (chart.harm ? 'harm' : 'last') : ''}
              x={`${(i + 0.167) * slot}%`}
              width={`${slot * 0.666}%`}
              y={foot - Math.max(1, count * unit)}
              height={Math.max(1, count * unit)}
            />
          ),
        )}
        {peak !== undefined && (
          <text
            className="lab"
            x={`${(peak.slot + (late ? -0.2 : 1.2)) * slot}%`}
            y="14"
            textAnchor={late ? 'end' : 'start'}
          >
            {peak.label}
          </text>
        )}
      </svg>
      <span className="num">{written(counts.reduce((all, count) => all + count, 0))}</span>
    </div>
  );
}

/** Newest first. */
function ChartTable({ chart }: { chart: ChartFace }) {
  const { beside, words: written = String } = chart;
  return (
    <div className="chart-table" role="region" aria-label={chart.what} tabIndex={0}>
      <table className="num">
        <thead>
          <tr>
            <th scope="col">{chart.slotHead}</th>
            {beside !== undefined && (
              <th scope="col" className="r">
                {beside.label}
              </th>
            )}
            {chart.rows.map((row) => (
              <th scope="col" key={row.key} className="r">
                <bdi className={row.mono ? 'mono' : ''}>{row.label}</bdi>
              </th>
            ))}
          </tr>
        </thead>
        <tbody>
          {chart.slots
            .map((slot, i) => (
              <tr key={i}>
                <th scope="row">{slot}</th>
                {beside !== undefined && <td className="r">{beside.cells[i]}</td>}
                {chart.rows.map((row) => (
                  <td key={row.key} className="r">
                    {written(row.counts[i] ?? 0)}
                  </td>
                ))}
              </tr>
            ))
            .reverse()}
        </tbody>
      </table>
    </div>
  );
}
