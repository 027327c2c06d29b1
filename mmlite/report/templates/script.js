'use strict';
(function () {
  function pointsOf(shape) {
    var text = shape.getAttribute('points') || shape.getAttribute('data-points') || '';
    return text.trim().split(/\s+/).map(function (pair) {
      return pair.split(',').map(Number);
    });
  }

  function shown(value) {
    return Number(value.toPrecision(4)).toString();
  }

  document.querySelectorAll('.chart').forEach(function (chart) {
    var area = chart.querySelector('.area');
    var readout = chart.querySelector('.readout');
    var before = readout.textContent;
    var range = ['x0', 'x1', 'y0', 'y1'].map(function (name) {
      return Number(area.dataset[name]);
    });
    var lines = Array.from(chart.querySelectorAll('[data-name]')).map(function (shape) {
      return { name: shape.getAttribute('data-name'), points: pointsOf(shape) };
    });
    var cursor = null;

    function nearest(points, x) {
      return points.reduce(function (best, point) {
        return Math.abs(point[0] - x) < Math.abs(best[0] - x) ? point : best;
      });
    }

    function value(point) {
      return range[3] - (point[1] / 1000) * (range[3] - range[2]);
    }

    area.addEventListener('pointermove', function (event) {
      var box = area.getBoundingClientRect();
      var x = ((event.clientX - box.left) / box.width) * 1000;
      var at = nearest(lines[0].points, x)[0];
      if (!cursor) {
        cursor = document.createElement('div');
        cursor.className = 'cursor';
        area.appendChild(cursor);
      }
      cursor.style.left = at / 10 + '%';
      var place = range[0] + (at / 1000) * (range[1] - range[0]);
      var texts = lines.map(function (line) {
        var text = shown(value(nearest(line.points, at)));
        return lines.length > 1 ? line.name + ' ' + text : text;
      });
      readout.textContent = area.dataset.label + ' ' + shown(place) + ': ' + texts.join(', ');
    });
    area.addEventListener('pointerleave', function () {
      if (cursor) {
        cursor.remove();
        cursor = null;
      }
      readout.textContent = before;
    });
  });
})();
