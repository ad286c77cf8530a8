#if NETFRAMEWORK
using System;
using System.Linq;
using Xunit;

namespace Okdok.Tests
{
    // What is thrown or returned in another AppDomain arrives complete.
    public sealed class AppDomainTests
    {
        [Fact]
        public void An_OkdokException_keeps_every_field()
        {
            OkdokException e = Assert.Throws<OkdokException>(() => Elsewhere(other => other.Fail()));
            OkdokException expected = Other.Failure();
            Assert.Equal(expected.Message, e.Message);
            Assert.Equal(expected.AttemptLog.Select(attempt => attempt.ToString()), e.AttemptLog.Select(attempt => attempt.ToString()));
            Assert.Equal(2, e.AttemptLog.Count);

            // Compares every property, including any that are added later.
            foreach (System.Reflection.PropertyInfo property in typeof(OkdokException).GetProperties()
                .Where(property => property.DeclaringType == typeof(OkdokException) && property.Name != nameof(OkdokException.AttemptLog)))
            {
                object value = property.GetValue(expected)!;
                Assert.Equal(value, property.GetValue(e));
                Assert.NotEqual(property.PropertyType.IsValueType ? Activator.CreateInstance(property.PropertyType) : "", value);
            }

            OkdokException known = Assert.Throws<OkdokException>(() => Elsewhere(other => other.FailKnown()));
            Assert.False(known.OutcomeUnknown);
        }

        [Fact]
        public void A_Deletion_keeps_every_field()
        {
            Elsewhere(other =>
            {
                Deletion deletion = other.Delete();
                Assert.Equal("id", deletion.Id);
                Assert.True(deletion.Presumed);
                Assert.Equal(2, deletion.Attempts);
                Assert.Equal(400, deletion.HttpStatus);
                Assert.Equal(TimeSpan.FromSeconds(3), deletion.Elapsed);
                Assert.Equal(Other.Log().Select(attempt => attempt.ToString()), deletion.AttemptLog.Select(attempt => attempt.ToString()));
            });
        }

        private static void Elsewhere(Action<Other> work)
        {
            AppDomain domain = AppDomain.CreateDomain("elsewhere", null, AppDomain.CurrentDomain.SetupInformation);
            try
            {
                work((Other)domain.CreateInstanceAndUnwrap(typeof(Other).Assembly.FullName, typeof(Other).FullName!));
            }
            finally
            {
                AppDomain.Unload(domain);
            }
        }

        // Lives in the other AppDomain, which cannot make another one.
#pragma warning disable CA1034, CA1822
        public sealed class Other : MarshalByRefObject
        {
            internal static OkdokAttempt[] Log() => new[]
            {
                new OkdokAttempt(OkdokStatus.ConnectionLost, 0, TimeSpan.Zero, TimeSpan.FromSeconds(1)),
                new OkdokAttempt(OkdokStatus.ServerError, 503, TimeSpan.FromSeconds(1.5), TimeSpan.FromSeconds(0.25)),
            };

            internal static OkdokException Failure() => new OkdokException(
                OkdokStatus.ServerError, "what happened", 503, 2, true, TimeSpan.FromSeconds(7), "code", "value", TimeSpan.FromSeconds(9), Log());

            public void Fail() => throw Failure();

            public void FailKnown() => throw new OkdokException(OkdokStatus.NotFound, "not there", 400, 1, false);

            public Deletion Delete() => new Deletion("id", true, 2, 400, TimeSpan.FromSeconds(3), Log());
        }
    }
}
#endif
