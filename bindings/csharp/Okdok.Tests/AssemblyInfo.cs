using Xunit;
using Xunit.Sdk;
using Xunit.v3;

// Some tests set environment variables, count threads or fill the queue.
[assembly: Parallelization(Mode = ParallelMode.None)]
