using Xunit;
using Xunit.Sdk;
using Xunit.v3;

[assembly: Parallelization(Mode = ParallelMode.Collections, MaxThreads = 4)]

namespace Okdok.Tests
{
    // For classes that set environment variables, count threads, measure times or listen to the whole process. The others mostly wait.
    [CollectionDefinition(Name, DisableParallelization = true)]
    public sealed class Alone
    {
        public const string Name = "Alone";
    }
}
