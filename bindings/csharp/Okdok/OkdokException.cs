using System;

namespace Okdok
{
    /// <summary>A signature request was not deleted, or a client could not be made. Filter by <see cref="Status"/>: <c>catch (OkdokException e) when (e.Status == OkdokStatus.NotFound)</c>.</summary>
    public class OkdokException : Exception
    {
        /// <summary>Makes one with status <see cref="OkdokStatus.Internal"/>.</summary>
        public OkdokException()
            : this("okdok failed")
        {
        }

        /// <summary>Makes one with status <see cref="OkdokStatus.Internal"/>.</summary>
        /// <param name="message">What happened.</param>
        public OkdokException(string message)
            : this(OkdokStatus.Internal, message)
        {
        }

        /// <summary>Makes one with status <see cref="OkdokStatus.Internal"/>.</summary>
        /// <param name="message">What happened.</param>
        /// <param name="innerException">Its cause.</param>
        public OkdokException(string message, Exception innerException)
            : base(message, innerException)
        {
            Status = OkdokStatus.Internal;
        }

        /// <summary>Makes one, for tests of code that uses <see cref="OkdokClient"/>.</summary>
        /// <param name="status">See <see cref="Status"/>.</param>
        /// <param name="message">What happened and what to do.</param>
        /// <param name="httpStatus">See <see cref="HttpStatus"/>.</param>
        /// <param name="attempts">See <see cref="Attempts"/>.</param>
        /// <param name="outcomeUnknown">See <see cref="OutcomeUnknown"/>.</param>
        /// <param name="retryAfter">See <see cref="RetryAfter"/>.</param>
        /// <param name="serviceCode">See <see cref="ServiceCode"/>; not null.</param>
        /// <param name="serviceValue">See <see cref="ServiceValue"/>; not null.</param>
        /// <exception cref="ArgumentNullException"><paramref name="serviceCode"/> or <paramref name="serviceValue"/> is null.</exception>
        public OkdokException(
            OkdokStatus status,
            string message,
            int httpStatus = 0,
            int attempts = 0,
            bool outcomeUnknown = false,
            TimeSpan retryAfter = default,
            string serviceCode = "",
            string serviceValue = "")
            : base(message)
        {
            Status = status;
            HttpStatus = httpStatus;
            Attempts = attempts;
            OutcomeUnknown = outcomeUnknown;
            RetryAfter = retryAfter;
            ServiceCode = serviceCode ?? throw new ArgumentNullException(nameof(serviceCode));
            ServiceValue = serviceValue ?? throw new ArgumentNullException(nameof(serviceValue));
        }

        /// <summary>What the call came to; a number without a name when a later native library reports a new one.</summary>
        public OkdokStatus Status { get; }

        /// <summary>HTTP status code of the reported answer; 0: no response arrived.</summary>
        public int HttpStatus { get; }

        /// <summary>Attempts begun, retries and those not sent included; 0: refused before the first.</summary>
        public int Attempts { get; }

        /// <summary>True: the service may have deleted it, and this call could not find out. False: this call deleted nothing.</summary>
        public bool OutcomeUnknown { get; }

        /// <summary>The wait that the last answer asked for; <see cref="TimeSpan.Zero"/>: none.</summary>
        public TimeSpan RetryAfter { get; }

        /// <summary>The response's <c>message</c>, such as <c>err.signature.request.not.exist</c>; empty: none.</summary>
        public string ServiceCode { get; } = "";

        /// <summary>The response's <c>value</c> or <c>result</c>; empty: none.</summary>
        public string ServiceValue { get; } = "";
    }
}
