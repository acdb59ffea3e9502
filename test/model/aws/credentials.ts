/** Credentials of the guard's role: as long as real ones, with letters that form no words. */
export const CREDENTIALS = {
  AWS_ACCESS_KEY_ID: 'ASIAQWERTZUIOPASDFGH',
  AWS_SECRET_ACCESS_KEY: 'kF9/xQzT+vLpW2mRyN8cHbJ5gDsA1eUo7iKX3nYt',
  AWS_SESSION_TOKEN: Array.from({ length: 40 }, (_, index) => `IQoJb3${(index * 7919 + 104729).toString(36)}//9mQ+`).join(''),
};
