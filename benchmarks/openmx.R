# What OpenMx needs beside the model text: a path model as lavaan's sem() makes it of the text (first
# loading fixed to 1, exogenous constructs covary), with the same covariance matrix or cases.
suppressPackageStartupMessages(library(OpenMx))
mxOption(NULL, "Number of Threads", 1)

read_text <- function(model) {
  found <- list()
  for (line in strsplit(model, "\n")[[1]]) {
    parts <- regmatches(line, regexec("^\\s*(\\S+)\\s*(=~|~~|~)\\s*(.+)$", line))[[1]]
    if (length(parts) == 4) {
      right <- trimws(strsplit(parts[4], "+", fixed = TRUE)[[1]])
      found[[length(found) + 1]] <- list(left = parts[2], op = parts[3], right = right)
    }
  }
  found
}

ram <- function(model, data, cases = FALSE) {
  items <- names(data)
  lines <- read_text(model)
  measured <- Filter(function(line) line$op == "=~", lines)
  factors <- vapply(measured, function(line) line$left, "")
  outcomes <- vapply(Filter(function(line) line$op == "~", lines), function(line) line$left, "")
  exogenous <- setdiff(factors, outcomes)
  spread <- vapply(data, var, 1, na.rm = TRUE)
  paths <- list(
    mxPath(items, arrows = 2, values = spread / 2),
    mxPath(factors, arrows = 2, values = 0.5)
  )
  if (length(exogenous) > 1) {
    paths <- c(paths, mxPath(exogenous, connect = "unique.bivariate", arrows = 2, values = 0.1))
  }
  for (line in lines) {
    n <- length(line$right)
    paths <- c(paths, switch(line$op,
      "=~" = mxPath(line$left, line$right, free = seq_len(n) > 1, values = 1),
      "~" = mxPath(line$right, line$left, values = 0.1),
      "~~" = mxPath(line$left, line$right, arrows = 2, values = 0)
    ))
  }
  if (cases) {
    means <- colMeans(data, na.rm = TRUE)
    paths <- c(paths, mxPath("one", items, values = means))
    given <- mxData(data, type = "raw")
  } else {
    given <- mxData(cov(data), type = "cov", numObs = nrow(data))
  }
  do.call(mxModel, c(
    list("model", type = "RAM", manifestVars = items, latentVars = factors, given), paths
  ))
}

run <- function(model) mxRun(model, silent = TRUE, suppressWarnings = TRUE)

# Estimates with errors, fit measures (of a covariance matrix without further models), and the
# standardised solution; its errors are numerical and take over a minute.
everything <- function(model) {
  fit <- run(model)
  list(summary(fit), mxStandardizeRAMpaths(fit))
}
