"""Small pictures drawn straight as SVG: a report needs thousands, which a plotting library is too slow for.

Every picture is decoration beside the same figures in words, hence hidden from screen readers.
"""

from __future__ import annotations

from markupsafe import Markup

WIDTH = 200
HEIGHT = 18


def _scale(value: float, top: float) -> float:
    return round(2 + (WIDTH - 4) * min(max(value / top, 0.0), 1.0), 1)


def draw_spread(
    p5: float | None, p25: float | None, p50: float | None, p75: float | None, p95: float | None, *, limit: float
) -> Markup:
    """Draw the spread of travel times over a window: line p5 to p95, box p25 to p75, mark at the median.

    All values in the unit of ``limit``, the end of the axis. A percentile that is None has no journey within the
    limit: line and box then run to the end of the axis, dashed, and stay open there.
    """
    if p5 is None and p25 is None and p50 is None:
        return Markup("")
    start = _scale(p5 if p5 is not None else limit, limit)
    end = _scale(p95 if p95 is not None else limit, limit)
    dash = ' stroke-dasharray="3 2"' if p95 is None else ""
    parts = [
        f'<line x1="2" y1="16.5" x2="{WIDTH - 2}" y2="16.5" class="axis"/>',
        *(
            f'<line x1="{_scale(tick, 1)}" y1="14.5" x2="{_scale(tick, 1)}" y2="16.5" class="axis"/>'
            for tick in (0, 0.25, 0.5, 0.75, 1)
        ),
        f'<line x1="{start}" y1="8" x2="{end}" y2="8" class="whisker"{dash}/>',
    ]
    if p25 is not None:
        left, right = _scale(p25, limit), _scale(p75 if p75 is not None else limit, limit)
        look = "box" if p75 is not None else "box open"
        parts.append(f'<rect x="{left}" y="3.5" width="{round(max(right - left, 1.5), 1)}" height="9" class="{look}"/>')
    if p50 is not None:
        middle = _scale(p50, limit)
        parts.append(f'<line x1="{middle}" y1="1.5" x2="{middle}" y2="14.5" class="median"/>')
    return _wrap("spread", parts)


def draw_rank_interval(rank: float | None, low: float | None, high: float | None, *, n: int) -> Markup:
    """Draw a rank and its interval on an axis from 1 (worst, left) to ``n`` (best, right)."""
    if rank is None or n < 2:
        return Markup("")
    top = float(n - 1)
    parts = [f'<line x1="2" y1="16.5" x2="{WIDTH - 2}" y2="16.5" class="axis"/>']
    if low is not None and high is not None:
        left, right = _scale(low - 1, top), _scale(high - 1, top)
        parts.append(f'<rect x="{left}" y="5" width="{round(max(right - left, 1.5), 1)}" height="6" class="box"/>')
    middle = _scale(rank - 1, top)
    parts.append(f'<circle cx="{middle}" cy="8" r="4" class="point"/>')
    return _wrap("interval", parts)


def _wrap(look: str, parts: list[str]) -> Markup:
    body = "".join(parts)
    # every part is made of numbers and fixed words above, no text from outside enters
    return Markup(  # noqa: S704
        f'<svg class="sketch {look}" viewBox="0 0 {WIDTH} {HEIGHT}" width="{WIDTH}" height="{HEIGHT}" '
        f'aria-hidden="true" focusable="false">{body}</svg>'
    )
