// One offline HTML file. What differs between checkouts comes from reports/site.py.
const failed = ["failed", "broken"];

export default {
  name: "Muster drills",
  historyPath: process.env.MUSTER_ALLURE_HISTORY,
  historyLimit: 100,
  // Allure's own words for failures ("product errors", "test errors") would contradict ours.
  categories: [
    {
      name: "MISSED: recovery did not meet its objectives",
      matchers: { statuses: failed, message: /\bMISSED\b/ },
    },
    {
      name: "INCONCLUSIVE: the drill proves nothing, either way",
      matchers: { statuses: failed, message: /\bINCONCLUSIVE\b/ },
    },
    {
      name: "The drill itself broke",
      matchers: { statuses: failed, message: /^(?!.*\b(?:MISSED|INCONCLUSIVE)\b)/s },
    },
  ],
  plugins: {
    awesome: {
      options: {
        singleFile: true,
        reportName: "Muster drills",
        reportLanguage: "en",
        theme: "light",
        stepTreeExpansion: "expanded",
      },
    },
  },
};
