
makeSortable(document.getElementById("table"));
showPareto(document.getElementById("pareto"));
showCurves(document.getElementById("lines"));
showRuns(document.getElementById("panels"));
