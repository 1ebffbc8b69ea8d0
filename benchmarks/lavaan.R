# Time R code on request: each line of standard input names a folder and a budget in seconds.
# The folder holds the model, the data (column by column, in double precision) and the code.
suppressPackageStartupMessages(library(lavaan))
requests <- file("stdin", "r")

load_data <- function(folder) {
  names <- readLines(file.path(folder, "names.txt"))
  path <- file.path(folder, "data.bin")
  values <- readBin(path, "double", n = file.size(path) / 8)
  data <- as.data.frame(matrix(values, ncol = length(names)))
  names(data) <- names
  data
}

cpu <- function() sum(proc.time()[1:2])

while (length(line <- readLines(requests, n = 1)) > 0) {
  request <- strsplit(line, "\t")[[1]]
  answer <- tryCatch({
    work <- new.env(parent = globalenv())
    work$model <- paste(readLines(file.path(request[1], "model.txt")), collapse = "\n")
    work$data <- load_data(request[1])
    code <- parse(file.path(request[1], "code.R"))
    run <- function() capture.output(suppressWarnings(eval(code, work)))
    begin <- cpu()
    run()
    spent <- cpu() - begin
    times <- 1
    if (spent < 10 * as.numeric(request[2])) {  # the first call of a fast work warms up only
      begin <- cpu()
      times <- 0
      while (times == 0 || cpu() - begin < as.numeric(request[2])) {
        run()
        times <- times + 1
      }
      spent <- cpu() - begin
    }
    paste0("ok\t", format(spent / times, digits = 9))
  }, error = function(e) paste0("error\t", gsub("[\t\n]+", " ", conditionMessage(e))))
  cat(answer, "\n", sep = "")
  flush(stdout())
}
