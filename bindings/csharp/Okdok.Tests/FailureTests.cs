using System;
using System.Collections.Generic;
using System.Linq;
using System.Text;
using Xunit;

namespace Okdok.Tests
{
    // From the C struct to the exception, for every status, including those that no server can cause.
    public sealed unsafe class FailureTests
    {
        public static IEnumerable<TheoryDataRow<OkdokStatus>> Statuses =>
            Enum.GetValues(typeof(OkdokStatus)).Cast<OkdokStatus>().Select(status => new TheoryDataRow<OkdokStatus>(status));

        [Theory]
        [MemberData(nameof(Statuses))]
        [InlineData((OkdokStatus)77)]
        public void A_status_becomes_an_exception(OkdokStatus status)
        {
            NativeMethods.Error error = default;
            error.status = (int)status;
            error.http_status = 429;
            error.attempts = 3;
            error.outcome_unknown = 1;
            error.retry_after_ms = uint.MaxValue;
            Write("err.é", error.service_code);
            Write("id-1", error.service_value);
            Write("what happened – and what to do", error.message);
            error.elapsed_ms = uint.MaxValue;
            NativeMethods.Attempt* attempts = (NativeMethods.Attempt*)error.attempt_log;
            attempts[0] = new NativeMethods.Attempt { status = (short)OkdokStatus.ServerError, http_status = 503, elapsed_ms = 12 };
            attempts[2] = new NativeMethods.Attempt { status = (short)status, http_status = 429, waited_ms = uint.MaxValue, elapsed_ms = 1 };
            attempts[3] = new NativeMethods.Attempt { status = 99 };
            Exception failure = OkdokClient.Failure(&error);
            Assert.Equal("what happened – and what to do", failure.Message);
            if (status == OkdokStatus.InvalidArgument)
            {
                Assert.IsType<ArgumentException>(failure);
                return;
            }

            OkdokException e = Assert.IsType<OkdokException>(failure);
            Assert.Equal(status, e.Status);
            Assert.Equal(429, e.HttpStatus);
            Assert.Equal(3, e.Attempts);
            Assert.True(e.OutcomeUnknown);
            Assert.Equal(TimeSpan.FromMilliseconds(uint.MaxValue), e.RetryAfter);
            Assert.Equal("err.é", e.ServiceCode);
            Assert.Equal("id-1", e.ServiceValue);
            Assert.Equal(TimeSpan.FromMilliseconds(uint.MaxValue), e.Elapsed);
            Assert.Equal(3, e.AttemptLog.Count);
            Assert.Equal(OkdokStatus.ServerError, e.AttemptLog[0].Status);
            Assert.Equal(503, e.AttemptLog[0].HttpStatus);
            Assert.Equal(TimeSpan.Zero, e.AttemptLog[0].Waited);
            Assert.Equal(TimeSpan.FromMilliseconds(12), e.AttemptLog[0].Elapsed);
            Assert.Equal(status, e.AttemptLog[2].Status);
            Assert.Equal(TimeSpan.FromMilliseconds(uint.MaxValue), e.AttemptLog[2].Waited);
        }

        [Fact]
        public void The_log_holds_six_attempts_however_many_there_were()
        {
            NativeMethods.Error error = default;
            error.status = (int)OkdokStatus.ServerError;
            error.attempts = uint.MaxValue >> 1;
            ((NativeMethods.Attempt*)error.attempt_log)[5].http_status = 504;
            OkdokException e = Assert.IsType<OkdokException>(OkdokClient.Failure(&error));
            Assert.Equal(6, e.AttemptLog.Count);
            Assert.Equal(504, e.AttemptLog[5].HttpStatus);
            Assert.Equal(int.MaxValue, e.Attempts);
        }

        [Theory]
        [InlineData("signature_request_id \"base_url\" holds '/'; pass the id", "id \"base_url\" holds '/'; pass the id", "id")]
        [InlineData("base_url is not set", "baseUrl is not set", "baseUrl")]
        [InlineData("api_key holds a space", "apiKey holds a space", "apiKey")]
        [InlineData("options.ca_file \"/base_url\" cannot be read", "CaFile \"/base_url\" cannot be read", "CaFile")]
        [InlineData("options.proxy must be a proxy", "Proxy must be a proxy", "Proxy")]
        [InlineData("options.user_agent is too long", "UserAgent is too long", "UserAgent")]
        [InlineData("HTTPS_PROXY must be an http:// or https:// proxy", "HTTPS_PROXY must be an http:// or https:// proxy", "")]
        public void A_parameter_has_its_name_in_DotNet(string native, string message, string parameter)
        {
            NativeMethods.Error error = default;
            error.status = (int)OkdokStatus.InvalidArgument;
            Write(native, error.message);
            ArgumentException e = Assert.IsType<ArgumentException>(OkdokClient.Failure(&error));
            Assert.StartsWith(message, e.Message, StringComparison.Ordinal);
            Assert.Equal(parameter, e.ParamName ?? "");
        }

        [Fact]
        public void Advice_names_options_as_DotNet_does()
        {
            NativeMethods.Error error = default;
            error.status = (int)OkdokStatus.TimedOut;
            Write("allow more time with timeout_ms, or connect_timeout_ms; check base_url and the proxy", error.message);
            Assert.Equal("allow more time with Timeout, or ConnectTimeout; check baseUrl and the proxy", OkdokClient.Failure(&error).Message);
        }

        [Fact]
        public void What_is_absent_is_empty()
        {
            NativeMethods.Error error = default;
            error.status = (int)OkdokStatus.InvalidClient;
            OkdokException e = Assert.IsType<OkdokException>(OkdokClient.Failure(&error));
            Assert.Equal(0, e.HttpStatus);
            Assert.Equal(0, e.Attempts);
            Assert.False(e.OutcomeUnknown);
            Assert.Equal(TimeSpan.Zero, e.RetryAfter);
            Assert.Equal("", e.ServiceCode);
            Assert.Equal("", e.ServiceValue);
        }

        [Fact]
        public void Text_of_the_greatest_length_ends_where_its_field_does()
        {
            NativeMethods.Error error = default;
            Write(new string('c', 128), error.service_code);
            Write(new string('v', 256), error.service_value);
            Write(new string('m', 512), error.message);
            OkdokException e = Assert.IsType<OkdokException>(OkdokClient.Failure(&error));
            Assert.Equal(new string('c', 128), e.ServiceCode);
            Assert.Equal(new string('v', 256), e.ServiceValue);
            Assert.Equal(new string('m', 512), e.Message);
        }

        [Fact]
        public void The_library_knows_every_status_by_the_same_name()
        {
            foreach (OkdokStatus status in Enum.GetValues(typeof(OkdokStatus)).Cast<OkdokStatus>())
            {
                string native = NativeText.Decode(NativeLoader.Methods.okdok_status_name((int)status), 64);
                string words = string.Concat(status.ToString().Select(c => (char.IsUpper(c) ? "_" : "") + char.ToUpperInvariant(c)));
                Assert.Equal("OKDOK_STATUS" + words, native);
            }
        }

        [Fact]
        public void Every_status_of_the_library_is_here()
        {
            for (int number = -100; number <= 1000; number++)
            {
                bool known = NativeText.Decode(NativeLoader.Methods.okdok_status_name(number), 64) != "OKDOK_STATUS_UNKNOWN";
                Assert.Equal(known, Enum.IsDefined(typeof(OkdokStatus), number));
            }
        }

        private static void Write(string text, byte* field)
        {
            byte[] bytes = Encoding.UTF8.GetBytes(text);
            for (int i = 0; i < bytes.Length; i++)
            {
                field[i] = bytes[i];
            }
        }
    }
}
