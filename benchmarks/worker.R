# Time R code on request: each line of standard input names a folder and a budget in seconds.
# The folder holds the model, the data (column by column, in double precision) and the code of each
# program, and code that runs before and is not timed. The program is the argument: lavaan or openmx.
program <- commandArgs(trailingOnly = TRUE)[1]
if (program == "openmx") {
  source(file.path("benchmarks", "openmx.R"))
} else {
  suppressPackageStartupMessages(library(lavaan))
}
requests <- file("stdin", "r")

load_data <- function(folder) {
  names <- readLines(file.path(folder, "names.txt"))
  path <- file.path(folder, "data.bin")
  values <- readBin(path, "double", n = file.size(path) / 8)
  data <- as.data.frame(matrix(values, ncol = length(names)))
  names(data) <- names
  data
}

cpu <- function() sum(proc.time()[c(1, 2, 4, 5)])  # of this process and its children

while (length(line <- readLines(requests, n = 1)) > 0) {
  request <- strsplit(line, "\t")[[1]]
  answer <- tryCatch({
    work <- new.env(parent = globalenv())
    work$model <- paste(readLines(file.path(request[1], "model.txt")), collapse = "\n")
    work$data <- load_data(request[1])
    code <- parse(file.path(request[1], paste0(program, ".R")))
    before <- parse(file.path(request[1], paste0(program, "_before.R")))
    call <- function(code) {
      capture.output(suppressMessages(suppressWarnings(eval(code, work))))
    }
    call(before)
    begin <- cpu()
    call(code)
    spent <- cpu() - begin
    times <- 1
    if (spent < 4 * as.numeric(request[2])) {  # the first call of a fast work warms up only
      begin <- cpu()
      times <- 0
      while (times == 0 || cpu() - begin < as.numeric(request[2])) {
        call(code)
        times <- times + 1
      }
      spent <- cpu() - begin
    }
    paste0("ok\t", format(spent / times, digits = 9))
  }, error = function(e) paste0("error\t", gsub("[\t\n]+", " ", conditionMessage(e))))
  cat(answer, "\n", sep = "")
  flush(stdout())
}
